use super::made::Item::{Data, Directory, File, Hard, Symbolic};
use super::made::{Item, amd64, arm64, elf, layer, script, starts};
use crate::oci::{Arguments, Digest, Platform};
use crate::programs::judge::{Image, Start, judge, judge_all, shared};
use crate::programs::layer::Layer;

/// Layers and what each is called by; `None` was not read.
type Layers<'a> = Vec<(Digest, Option<&'a Layer>)>;

fn named<'a>(layers: &[Option<&'a Layer>]) -> Layers<'a> {
    let each = layers.iter().enumerate();
    each.map(|(nth, layer)| (Digest::of(&[u8::try_from(nth).unwrap()]), *layer))
        .collect()
}

fn image<'a>(
    platform: &'a Platform,
    arguments: &'a Arguments,
    layers: &'a Layers<'a>,
) -> Image<'a> {
    Image {
        platform,
        arguments,
        layers: layers
            .iter()
            .map(|(digest, layer)| (digest, *layer))
            .collect(),
    }
}

/// What an image for linux/arm64 of these layers starts: in a word, and the path of the program.
fn started(words: &[&str], layers: &[Option<&Layer>]) -> String {
    let platform: Platform = "linux/arm64".parse().unwrap();
    let (arguments, layers) = (starts(words), named(layers));
    match image(&platform, &arguments, &layers).start(false, &|_| false) {
        Start::Right(program) => format!("right {}", program.path),
        Start::Kin(program) => format!("kin {}", program.path),
        Start::Wrong(program) => format!("wrong {}", program.path),
        Start::Unread(nth) => format!("unread {nth}"),
        Start::Nothing => "nothing".to_owned(),
        Start::Unknown => "unknown".to_owned(),
    }
}

fn of(items: &[Item<'_>], words: &[&str]) -> String {
    started(words, &[Some(&layer(items))])
}

#[test]
fn a_program_is_found_by_its_path_by_path_and_through_links() {
    for (items, words, expected) in [
        (vec![File("app", amd64())], vec!["/app"], "wrong /app"),
        (vec![File("app", arm64())], vec!["/app"], "right /app"),
        (
            vec![File("app", elf(40, 1, 1, 2, 1))],
            vec!["/app"],
            "kin /app",
        ),
        (
            vec![File("usr/bin/app", amd64())],
            vec!["app"],
            "wrong /usr/bin/app",
        ),
        (vec![File("app", amd64())], vec!["./app"], "wrong /app"),
        (vec![File("app", amd64())], vec!["app"], "nothing"),
        (
            vec![Symbolic("bin", "usr/bin"), File("usr/bin/app", amd64())],
            vec!["/bin/app"],
            "wrong /usr/bin/app",
        ),
        (
            vec![
                Symbolic("a", "/b"),
                Symbolic("b", "c/../d"),
                File("d", amd64()),
            ],
            vec!["/a"],
            "wrong /d",
        ),
        (
            vec![File("b", amd64()), Hard("a", "b")],
            vec!["/a"],
            "wrong /a",
        ),
        (
            vec![Symbolic("a", "b"), Symbolic("b", "a")],
            vec!["/a"],
            "unknown",
        ),
        (vec![Directory("app")], vec!["/app"], "unknown"),
        (vec![Data("app", amd64())], vec!["/app"], "unknown"),
        (vec![File("app", script())], vec!["/app"], "unknown"),
        (
            vec![File("app", elf(247, 2, 1, 2, 1))],
            vec!["/app"],
            "unknown",
        ),
        // A file that cannot be started is passed over, as the system does it.
        (
            vec![Data("usr/local/bin/app", amd64()), File("bin/app", arm64())],
            vec!["app"],
            "right /bin/app",
        ),
        (vec![], vec![], "nothing"),
    ] {
        assert_eq!(of(&items, &words), expected, "{words:?}");
    }
}

#[test]
fn what_a_launcher_or_a_script_starts_is_looked_at_and_the_words_of_other_programs_are_not() {
    let items = || {
        vec![
            File("sbin/tini", arm64()),
            File("bin/sh", arm64()),
            File("bin/entry.sh", script()),
            File("bin/app", amd64()),
            File("bin/qemu-x86_64", arm64()),
            File("bin/gosu", arm64()),
            File("usr/bin/env", arm64()),
        ]
    };
    for (words, expected) in [
        (vec!["tini", "--", "app"], "wrong /bin/app"),
        (
            vec!["/sbin/tini", "-g", "--", "entry.sh", "app"],
            "wrong /bin/app",
        ),
        (vec!["entry.sh", "app", "--flag"], "wrong /bin/app"),
        (vec!["entry.sh", "--image", "/bin/app"], "unknown"),
        (vec!["gosu", "nobody", "app"], "wrong /bin/app"),
        (vec!["env", "A=b", "app"], "wrong /bin/app"),
        (vec!["sh", "-c", "app --port 80"], "wrong /bin/app"),
        (vec!["sh", "-c", "exec app"], "wrong /bin/app"),
        (vec!["sh", "-c", "app || true"], "right /bin/sh"),
        (vec!["sh", "-c", "[ -x app ] && app"], "right /bin/sh"),
        (vec!["qemu-x86_64", "/bin/app"], "right /bin/qemu-x86_64"),
        (vec!["tini", "--", "none"], "right /sbin/tini"),
    ] {
        assert_eq!(of(&items(), &words), expected, "{words:?}");
    }
}

#[test]
fn a_higher_layer_that_may_have_replaced_the_file_keeps_the_verdict_back() {
    let wrong = layer(&[File("usr/bin/app", amd64())]);
    let replaced = layer(&[File("usr/bin/app", arm64())]);
    let deleted = layer(&[Data("usr/bin/.wh.app", Vec::new())]);
    let emptied = layer(&[Data("usr/.wh..wh..opq", Vec::new())]);
    let linked = layer(&[Symbolic("usr/bin", "/opt")]);
    let elsewhere = layer(&[File("bin/app", arm64())]);
    let harmless = layer(&[Data("etc/passwd", Vec::new())]);
    for (above, expected) in [
        (vec![Some(&harmless)], "wrong /usr/bin/app"),
        (vec![Some(&replaced)], "right /usr/bin/app"),
        (vec![Some(&deleted)], "nothing"),
        (vec![Some(&emptied)], "nothing"),
        (vec![Some(&linked)], "nothing"),
        // Through a link `bin` -> `usr/bin` in a layer below, it is the same file.
        (vec![Some(&elsewhere)], "unknown"),
        (vec![None], "unread 1"),
        (vec![Some(&harmless), None], "unread 2"),
    ] {
        let layers: Vec<Option<&Layer>> = std::iter::once(Some(&wrong)).chain(above).collect();
        assert_eq!(started(&["/usr/bin/app"], &layers), expected);
    }
    // What lies below the layer that holds it decides nothing of a path, and of a name it does.
    assert_eq!(
        started(&["/usr/bin/app"], &[None, Some(&wrong)]),
        "wrong /usr/bin/app"
    );
    assert_eq!(started(&["app"], &[None, Some(&wrong)]), "unread 0");
}

/// Two images of these layers, and what is found of each by the layers that they share.
fn two(
    amd: &[Option<&Layer>],
    arm: &[Option<&Layer>],
    words: &[&str],
    is_deep: bool,
) -> Vec<String> {
    let platforms: [Platform; 2] = [
        "linux/amd64".parse().unwrap(),
        "linux/arm64".parse().unwrap(),
    ];
    let arguments = starts(words);
    let name = |layers: &[Option<&Layer>]| -> Vec<(Digest, Option<usize>)> {
        layers
            .iter()
            .map(|layer| {
                let address = layer.map(|layer| std::ptr::from_ref(layer) as usize);
                (Digest::of(format!("{address:?}").as_bytes()), address)
            })
            .collect()
    };
    let names = [name(amd), name(arm)];
    let images: Vec<Image<'_>> = [amd, arm]
        .iter()
        .zip(&names)
        .zip(&platforms)
        .map(|((layers, names), platform)| Image {
            platform,
            arguments: &arguments,
            layers: names
                .iter()
                .map(|(digest, _)| digest)
                .zip(layers.iter().copied())
                .collect(),
        })
        .collect();
    let judged = match is_deep {
        true => judge_all(&images, &|_| false),
        false => judge(&images, &|_| false),
    };
    assert_eq!(shared(&images).len(), 2);
    let words = judged.iter().map(|it| {
        let start = match &it.start {
            Start::Wrong(_) => "wrong",
            Start::Right(_) => "right",
            _ => "-",
        };
        let foreign = it
            .foreign
            .as_ref()
            .map_or(String::new(), |it| format!(" {} of {}", it.count, it.of));
        let none = if it.has_none { " none" } else { "" };
        format!("{start}{foreign}{none}")
    });
    words.collect()
}

#[test]
fn shared_layers_that_serve_one_architecture_are_noted_and_bundles_and_data_are_fine() {
    let amd = layer(&[File("lib/helper", amd64())]);
    let bundle = layer(&[File("lib/x86", amd64()), File("lib/arm", arm64())]);
    let data = layer(&[Data("share/a", vec![1]), File("bin/run.sh", script())]);
    for (shared, expected) in [
        (&amd, ["-", "- 1 of 1"]),
        (&bundle, ["-", "-"]),
        (&data, ["-", "-"]),
    ] {
        assert_eq!(two(&[Some(shared)], &[Some(shared)], &[], false), expected);
    }
    // One that only one image has is not evidence by default.
    assert_eq!(
        two(&[Some(&data)], &[Some(&amd)], &["/lib/helper"], false)[1],
        "wrong"
    );
    assert_eq!(two(&[Some(&data)], &[Some(&amd)], &[], false), ["-", "-"]);
}

#[test]
fn all_layers_say_whether_an_image_holds_anything_that_starts_there() {
    let amd = layer(&[File("lib/helper", amd64()), File("lib/other", amd64())]);
    let arm = layer(&[File("lib/own", arm64())]);
    assert_eq!(
        two(&[Some(&amd)], &[Some(&amd)], &[], true),
        ["-", "- none"]
    );
    assert_eq!(
        two(
            &[Some(&amd)],
            &[Some(&arm), Some(&amd)],
            &["/lib/own"],
            true
        )[1],
        "right"
    );
    let more = layer(&[
        File("a", amd64()),
        File("b", amd64()),
        File("c", elf(243, 2, 1, 2, 1)),
    ]);
    assert_eq!(
        two(&[Some(&more)], &[Some(&arm), Some(&more)], &[], true)[1],
        "-"
    );
    let only = layer(&[
        File("c", elf(243, 2, 1, 2, 1)),
        File("d", elf(243, 2, 1, 2, 1)),
    ]);
    assert_eq!(
        two(&[Some(&amd)], &[Some(&arm), Some(&only)], &[], true)[1],
        "- 2 of 3"
    );
}

#[test]
fn a_path_that_the_policy_names_says_nothing() {
    let platform: Platform = "linux/arm64".parse().unwrap();
    let wrong = layer(&[File("opt/app", amd64())]);
    let (arguments, layers) = (starts(&["/opt/app"]), named(&[Some(&wrong)]));
    let image = image(&platform, &arguments, &layers);
    assert_eq!(
        image.start(false, &|path| path == "/opt/app"),
        Start::Unknown
    );
}
