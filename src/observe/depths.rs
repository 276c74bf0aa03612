//! What lies below expected images, read once per repository and digest: manifests, configs, and the
//! layers that say for which machine the started program is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::kept::{BelowKey, LayerState};
use super::layers::{Budget, LayerKey};
use super::read::ExpectedImage;
use super::reader::{Key, Reader};
use super::unread::{not_read, other_bytes, undecided};
use crate::expectation::Depth;
use crate::observation::{Below, ImageSeen, Part, Seen, differing_label};
use crate::oci::{Child, Config, Digest, Document, LABELS, Layer, Named, Platform, Provenance};
use crate::programs::{self, Image, Judgement, Start};
use crate::registry::{Class, Error};

/// An image of an index while it is looked at.
struct Open<'a> {
    child: Option<&'a Child>,
    listed: Option<&'a Platform>,
    outer: Option<&'a Platform>,
    document: Arc<Document>,
    config: Option<Config>,
    /// The manifest of its attestations.
    attested: Option<&'a Digest>,
    provenance: Option<Provenance>,
    gone: Vec<(Part, Digest)>,
    open: Option<Error>,
}

/// What lies below each expected image whose expectation looks so deep.
pub(super) fn depths(
    images: &[ExpectedImage<'_>],
    depths: &[Depth],
    reader: &mut Reader<'_>,
) -> Vec<Arc<Below>> {
    let key = |image: &ExpectedImage<'_>, depth: Depth| {
        let root = image.document?.digest().clone();
        (depth >= Depth::Platforms).then(|| BelowKey {
            repository: image.expectation.repository.clone(),
            root,
            depth,
            listed: image.expectation.own_platform.clone(),
            ignored: image.expectation.ignored.clone(),
            provenance: reader.looks.provenance,
        })
    };
    let keys: Vec<Option<BelowKey>> = images
        .iter()
        .zip(depths)
        .map(|(image, depth)| key(image, *depth))
        .collect();
    let mut seen: BTreeMap<&BelowKey, Arc<Below>> = BTreeMap::new();
    let mut groups: Vec<(&BelowKey, Vec<Open<'_>>)> = Vec::new();
    let mut whole: BTreeSet<&BelowKey> = BTreeSet::new();
    let mut spared: BTreeMap<&BelowKey, Vec<ImageSeen>> = BTreeMap::new();
    for (image, key) in images.iter().zip(&keys) {
        let Some(key) = key.as_ref().filter(|key| !seen.contains_key(key)) else {
            continue;
        };
        if let Some(known) = reader.memory.below.get(key) {
            seen.insert(key, known.clone());
        } else if !groups.iter().any(|(known, _)| *known == key) {
            groups.push((key, listed(image, reader)));
            whole.extend(is_whole(image, reader).then_some(key));
            spared.insert(key, self::spared(image, reader));
        }
    }
    read_configs(&mut groups, reader);
    read_provenance(&mut groups, reader);
    for (key, images) in groups {
        let mut below = look_at(key, images, reader);
        below.images.extend(spared.remove(key).unwrap_or_default());
        let below = Arc::new(below);
        let is_known = |image: &ImageSeen| image.gone.is_empty() && image.open.is_none();
        // One whose manifest was missed now may be there at the next look.
        if whole.contains(key) && below.images.iter().all(is_known) {
            reader.memory.below.insert(key.clone(), below.clone());
        }
        seen.insert(key, below);
    }
    let of = |key: &Option<BelowKey>| seen.get(key.as_ref()?).cloned();
    keys.iter().map(|key| of(key).unwrap_or_default()).collect()
}

/// The manifests of images that have to be read for these depths, as far as a registry that counts
/// them leaves enough for others.
pub(super) fn manifests(images: &[ExpectedImage<'_>], depths: &[Depth], reader: &mut Reader<'_>) {
    let mut wanted: BTreeSet<Key> = BTreeSet::new();
    for (image, depth) in images.iter().zip(depths) {
        let listed = image.tree().filter(|_| *depth >= Depth::Platforms);
        let listed = listed.into_iter().flat_map(|tree| {
            // Their provenance is read, too, where all is.
            let is_all = reader.looks.provenance || *depth == Depth::Programs;
            let attestations = tree.attestations().filter(|_| is_all);
            let digests = tree.images().chain(attestations);
            let digests = digests.filter_map(|child| child.named.digest());
            digests
                .map(|digest| image.key(digest))
                .collect::<Vec<Key>>()
        });
        let keys: BTreeSet<Key> = listed.filter(|key| !reader.knows(key)).collect();
        let host = image.expectation.repository.host();
        let open = keys.difference(&wanted).count();
        let asked = wanted
            .iter()
            .filter(|(repository, _)| repository.host() == host)
            .count();
        let most = reader.registry.pulls_to_spend(host);
        if most.is_none_or(|most| u64::try_from(open + asked).is_ok_and(|all| all <= most)) {
            wanted.extend(keys);
        }
    }
    reader.read_manifests(wanted);
}

/// The images of an expected document, as far as their manifests were read.
fn listed<'a>(image: &ExpectedImage<'a>, reader: &Reader<'_>) -> Vec<Open<'a>> {
    let open = |child, listed, outer, document| Open {
        child,
        listed,
        outer,
        document,
        config: None,
        attested: None,
        provenance: None,
        gone: Vec::new(),
        open: None,
    };
    let (Some(root), Some(tree)) = (image.document, image.tree()) else {
        return Vec::new();
    };
    if root.image().is_some() {
        let own = image.expectation.own_platform.as_ref();
        return match root.is_image() {
            true => vec![open(None, own, None, Arc::new(root.clone()))],
            false => Vec::new(),
        };
    }
    let attestations = tree.attestations().filter_map(|child| {
        let image = child.attests.as_ref()?.digest()?;
        Some((image, child.named.digest()?))
    });
    let attestations: BTreeMap<&Digest, &Digest> = attestations.collect();
    let mut met = BTreeSet::new();
    let each = tree.images_within().filter_map(|(child, outer)| {
        let digest = child.named.digest()?;
        if !met.insert((digest, child.platform.as_ref())) {
            return None;
        }
        let listed = child.platform.as_ref();
        match reader.manifest(&image.key(digest)) {
            Seen::Here(document) => document.is_image().then(|| Open {
                attested: attestations.get(digest).copied(),
                ..open(Some(child), listed, outer, document)
            }),
            // What is gone, or could not be read, is among the children.
            Seen::Absent | Seen::Unknown(_) => None,
        }
    });
    each.collect()
}

/// The images whose manifests were not asked for, as that would have taken too many pulls.
fn spared(image: &ExpectedImage<'_>, reader: &Reader<'_>) -> Vec<ImageSeen> {
    let Some(tree) = image.tree() else {
        return Vec::new();
    };
    let each = tree.images_within().filter_map(|(child, outer)| {
        let digest = child.named.digest()?;
        if reader.knows(&image.key(digest)) {
            return None;
        }
        let reason = "it would take more than half of the pulls that the registry says are left";
        Some(ImageSeen {
            digest: digest.clone(),
            child: Some(child.clone()),
            listed: child.platform.clone(),
            outer: outer.cloned(),
            own: None,
            start: Start::Unknown,
            foreign: None,
            has_none: false,
            gone: Vec::new(),
            open: Some(Error::new(
                Class::NotRead,
                format!("reading {digest}"),
                reason,
            )),
            reached: Depth::Children,
            unread: (0, 0),
            labels: Default::default(),
            created: None,
            words: Vec::new(),
            provenance: None,
        })
    });
    each.collect()
}

/// Whether every index and every manifest below an image was read.
fn is_whole(image: &ExpectedImage<'_>, reader: &Reader<'_>) -> bool {
    let is_read = |child: &Child| {
        let digest = child.named.digest();
        digest.is_some_and(|it| reader.manifest(&image.key(it)).here().is_some())
    };
    image
        .tree()
        .is_some_and(|tree| tree.is_whole() && tree.images().all(is_read))
}

fn read_configs(groups: &mut [(&BelowKey, Vec<Open<'_>>)], reader: &mut Reader<'_>) {
    let key = |group: &BelowKey, image: &Open<'_>| {
        let config = image.document.config()?.clone();
        Some((group.repository.clone(), config))
    };
    let keys: BTreeSet<Key> = groups
        .iter()
        .flat_map(|(group, images)| images.iter().filter_map(|image| key(group, image)))
        .collect();
    reader.read_configs(keys);
    for (group, images) in groups {
        for image in images {
            let Some(key) = key(group, image) else {
                continue;
            };
            match reader.config(&key) {
                Some(Seen::Here(config)) => image.config = Some(config.clone()),
                Some(Seen::Absent) => image.gone.push((Part::Config, key.1)),
                Some(Seen::Unknown(error)) => image.open = Some(error.clone()),
                None => {}
            }
        }
    }
}

/// Reads the provenance of images whose labels differ, which shows whether the labels are those of base
/// images; and of all, where all of them is looked at.
fn read_provenance(groups: &mut [(&BelowKey, Vec<Open<'_>>)], reader: &mut Reader<'_>) {
    let is_needed = |(group, images): &&(&BelowKey, Vec<Open<'_>>)| {
        let configs = images.iter().filter_map(|it| it.config.as_ref());
        reader.looks.provenance
            || group.depth == Depth::Programs
            || differing_label(configs.map(|it| &it.labels)).is_some()
    };
    let key = |group: &BelowKey, image: &Open<'_>| {
        Some((group.repository.clone(), image.attested?.clone()))
    };
    let wanted = groups.iter().filter(is_needed);
    let wanted = wanted.flat_map(|(group, images)| images.iter().filter_map(|it| key(group, it)));
    reader.read_provenance(wanted.collect());
    for (group, images) in groups {
        for image in images {
            let known = key(group, image).and_then(|key| reader.provenance(&key).cloned());
            image.provenance = known;
        }
    }
}

impl Open<'_> {
    /// The platform that its config states.
    fn own_platform(&self) -> Option<&Platform> {
        self.config.as_ref()?.platform.as_ref()
    }

    fn platform(&self) -> Option<&Platform> {
        self.listed.or(self.own_platform())
    }

    fn layers(&self) -> &[Layer] {
        let image = self.document.image();
        image
            .and_then(|it| it.layers.as_deref())
            .unwrap_or_default()
    }

    /// Its layers with the digests that they have when they are unpacked; `None` where the config does
    /// not name one for each.
    fn layer_keys(&self) -> Option<Vec<LayerKey<'_>>> {
        let config = self.config.as_ref()?;
        let is_windows = self.platform()?.system() == Some("windows");
        if config.diff_ids.len() != self.layers().len() {
            return None;
        }
        let each = self.layers().iter().zip(&config.diff_ids);
        let keys = each.map(|(layer, diff_id)| {
            let digest = layer.named.digest()?;
            Some(LayerKey {
                digest,
                diff_id,
                layer,
                is_windows,
            })
        });
        keys.collect()
    }

    /// Whether its platform is settled already: nothing in its layers makes that better or worse.
    fn is_wrong_by_config(&self) -> bool {
        self.listed
            .zip(self.own_platform())
            .is_some_and(|(listed, own)| listed.contradicts(own))
    }
}

/// Looks at the images of one index.
fn look_at(key: &BelowKey, mut images: Vec<Open<'_>>, reader: &mut Reader<'_>) -> Below {
    let is_ignored = |path: &str| key.ignored.iter().any(|pattern| pattern.fits(path));
    let mut budget = Budget::new(images.len());
    match key.depth {
        _ if !reader.looks.layers => {}
        Depth::Programs => read_all(key, &images, reader),
        _ => read_shared(key, &images, &mut budget, &is_ignored, reader),
    }
    let judged = judge(key, &images, &is_ignored, reader);
    let alike = alike(&images);
    for (nth, image) in images.iter_mut().enumerate() {
        let judgement = judged.get(nth).and_then(Option::as_ref);
        close(key, image, judgement, alike.contains(&nth), reader);
    }
    let seen = images.into_iter().zip(judged);
    let seen = seen.map(|(image, judgement)| seen_of(key, image, judgement, reader));
    Below {
        images: seen.collect(),
    }
}

/// An image as it is judged; `None` where its layers are not known by both of their digests.
fn view<'a>(key: &BelowKey, image: &'a Open<'_>, reader: &'a Reader<'_>) -> Option<Image<'a>> {
    let keys = image.layer_keys()?;
    let layers = keys
        .iter()
        .map(|layer| (layer.digest, reader.layer(&key.repository, layer)));
    Some(Image {
        platform: image.platform()?,
        arguments: &image.config.as_ref()?.arguments,
        layers: layers.collect(),
    })
}

fn views<'a>(
    key: &BelowKey,
    images: &'a [Open<'_>],
    reader: &'a Reader<'_>,
) -> Vec<Option<Image<'a>>> {
    images
        .iter()
        .map(|image| view(key, image, reader))
        .collect()
}

/// Reads the layers that images of different architectures share, the smallest first, and those that
/// decide whether a program that is wrong by them is started.
fn read_shared(
    key: &BelowKey,
    images: &[Open<'_>],
    budget: &mut Budget,
    is_ignored: &dyn Fn(&str) -> bool,
    reader: &mut Reader<'_>,
) {
    let shared = shared(key, images, reader);
    for (layer, of) in readable(images) {
        if shared.contains(layer.digest) {
            reader.read_layer(&key.repository, &layer, &of, Some(&mut *budget));
        }
    }
    for (nth, image) in images.iter().enumerate() {
        let keys = image.layer_keys().unwrap_or_default();
        let start = |is_hopeful: bool, reader: &Reader<'_>| {
            let view = view(key, image, reader)?;
            Some(view.start(is_hopeful, is_ignored))
        };
        if image.is_wrong_by_config() || !matches!(start(true, reader), Some(Start::Wrong(_))) {
            continue;
        }
        while let Some(Start::Unread(layer)) = start(false, reader) {
            let Some(layer) = keys.get(layer).filter(|layer| layer.is_readable()) else {
                break;
            };
            if !reader.read_layer(&key.repository, layer, &[nth], Some(&mut *budget)) {
                break;
            }
        }
    }
}

/// The layers that can be read, each once with the places of the images that have it, the smallest
/// first.
fn readable<'a>(images: &'a [Open<'_>]) -> Vec<(LayerKey<'a>, Vec<usize>)> {
    let mut all: BTreeMap<&Digest, (LayerKey<'_>, Vec<usize>)> = BTreeMap::new();
    for (nth, image) in images.iter().enumerate() {
        let keys = image.layer_keys().unwrap_or_default().into_iter();
        for layer in keys.filter(LayerKey::is_readable) {
            let (_, of) = all
                .entry(layer.digest)
                .or_insert_with(|| (layer, Vec::new()));
            of.push(nth);
        }
    }
    let mut all: Vec<(LayerKey<'_>, Vec<usize>)> = all.into_values().collect();
    // Those of one size stay in the order of their digests.
    all.sort_by_key(|(layer, _)| layer.layer.size);
    all
}

/// The layers that images of different architectures share.
fn shared(key: &BelowKey, images: &[Open<'_>], reader: &Reader<'_>) -> BTreeSet<Digest> {
    let views: Vec<Image<'_>> = views(key, images, reader).into_iter().flatten().collect();
    programs::shared(&views).into_iter().flatten().collect()
}

/// Reads all layers, the smallest first, as far as the run may download; asks of the others whether
/// they are there.
fn read_all(key: &BelowKey, images: &[Open<'_>], reader: &mut Reader<'_>) {
    for (layer, of) in readable(images) {
        reader.read_layer(&key.repository, &layer, &of, None);
    }
    let mut unread: Vec<Key> = Vec::new();
    for image in images {
        for layer in image.layers().iter().filter(|layer| !layer.is_foreign) {
            let blob = layer
                .named
                .digest()
                .map(|digest| (key.repository.clone(), digest.clone()));
            unread.extend(blob.filter(|blob| reader.layer_state(blob).is_none()));
        }
    }
    reader.look_for_layers(unread);
}

/// What is found of each image.
fn judge(
    key: &BelowKey,
    images: &[Open<'_>],
    is_ignored: &dyn Fn(&str) -> bool,
    reader: &Reader<'_>,
) -> Vec<Option<Judgement>> {
    let views = views(key, images, reader);
    let places: Vec<bool> = views.iter().map(Option::is_some).collect();
    let views: Vec<Image<'_>> = views.into_iter().flatten().collect();
    let mut judged = match key.depth {
        Depth::Programs => programs::judge_all(&views, is_ignored),
        _ => programs::judge(&views, is_ignored),
    }
    .into_iter();
    let judged = places
        .into_iter()
        .map(|is_there| is_there.then(|| judged.next()).flatten());
    judged.collect()
}

/// The images that have all their layers in common with an image of another architecture.
fn alike(images: &[Open<'_>]) -> BTreeSet<usize> {
    let layers = |image: &Open<'_>| -> Vec<Named> {
        image.layers().iter().map(|it| it.named.clone()).collect()
    };
    let architecture = |image: &Open<'_>| {
        image
            .platform()
            .and_then(Platform::architecture)
            .map(str::to_owned)
    };
    let mut architectures: BTreeMap<Vec<Named>, BTreeSet<Option<String>>> = BTreeMap::new();
    for image in images.iter().filter(|image| !image.layers().is_empty()) {
        let of = architectures.entry(layers(image)).or_default();
        of.insert(architecture(image));
    }
    let is_alike = |image: &Open<'_>| {
        let of = architectures.get(&layers(image));
        of.is_some_and(|of| of.len() > 1)
    };
    let each = images
        .iter()
        .enumerate()
        .filter(|(_, image)| is_alike(image));
    each.map(|(nth, _)| nth).collect()
}

/// Why an image is not known as deep as was asked, and what of it is gone.
fn close(
    key: &BelowKey,
    image: &mut Open<'_>,
    judgement: Option<&Judgement>,
    is_alike: bool,
    reader: &Reader<'_>,
) {
    let mut open = image.open.take();
    let mut gone = Vec::new();
    for layer in image.layers() {
        let Some(digest) = layer.named.digest().filter(|_| !layer.is_foreign) else {
            continue;
        };
        let blob = (key.repository.clone(), digest.clone());
        match reader.layer_state(&blob) {
            Some(LayerState::Gone) => gone.push((Part::Layer, digest.clone())),
            Some(LayerState::Failed(error)) => _ = open.get_or_insert_with(|| error.clone()),
            Some(LayerState::NotUnderstood(why)) if key.depth == Depth::Programs => {
                open.get_or_insert_with(|| Error::of_document(digest, why));
            }
            Some(LayerState::Whole(_, _) | LayerState::NotUnderstood(_)) => {}
            None if key.depth == Depth::Programs => {
                open.get_or_insert_with(|| not_read(digest, layer, reader.looks.download_limit));
            }
            None => {}
        }
    }
    for layer in image.layer_keys().unwrap_or_default() {
        if let Some(found) = reader.other_layer(&key.repository, &layer) {
            // It is never evidence of anything.
            open = Some(other_bytes(&key.repository, &layer, found));
        }
    }
    let has_config = image.config.is_some();
    if has_config && image.layer_keys().is_none() && !image.layers().is_empty() {
        let why = "its config does not name an unpacked layer for each layer";
        let is_needed = key.depth == Depth::Programs;
        open = open.or(is_needed.then(|| Error::of_document(image.document.digest(), why)));
    }
    let starts_something = image
        .config
        .as_ref()
        .is_some_and(|it| !it.arguments.words.is_empty());
    if is_alike
        && starts_something
        && key.depth != Depth::Programs
        && let Some(Start::Unread(nth)) = judgement.map(|it| &it.start)
    {
        let layer = image.layers().get(*nth);
        let blob = layer.and_then(|it| Some((key.repository.clone(), it.named.digest()?.clone())));
        let state = blob.and_then(|blob| reader.layer_state(&blob));
        open.get_or_insert_with(|| undecided(image.document.digest(), layer, state));
    }
    image.gone.extend(gone);
    image.open = open;
}

fn seen_of(
    key: &BelowKey,
    image: Open<'_>,
    judgement: Option<Judgement>,
    reader: &Reader<'_>,
) -> ImageSeen {
    let is_unread = |layer: &&Layer| {
        let digest = layer.named.digest();
        let blob = digest.map(|digest| (key.repository.clone(), digest.clone()));
        let state = blob.and_then(|blob| reader.layer_state(&blob));
        !matches!(state, Some(LayerState::Whole(_, _)))
    };
    let unread = || image.layers().iter().filter(is_unread);
    let unread = (
        unread().count(),
        unread()
            .map(|layer| layer.size)
            .fold(0, u64::saturating_add),
    );
    // A layer that is a part of a depth and was not read leaves the depth before it.
    let reached = match (&image.config, &image.open, key.depth) {
        (Some(_), None, depth) => depth,
        (Some(_), Some(_), Depth::Programs) => Depth::Platforms,
        _ => Depth::Children,
    };
    let (start, foreign, has_none) = match judgement {
        Some(it) => (it.start, it.foreign, it.has_none),
        None => (Start::Unknown, None, false),
    };
    let config = image.config.unwrap_or_default();
    let labels: [Option<String>; LABELS.len()] = config.labels;
    ImageSeen {
        digest: image.document.digest().clone(),
        child: image.child.cloned(),
        listed: image.listed.cloned(),
        outer: image.outer.cloned(),
        own: config.platform,
        start,
        foreign,
        has_none,
        gone: image.gone,
        open: image.open,
        reached,
        unread,
        labels,
        created: config.created,
        words: config.arguments.words,
        provenance: image.provenance,
    }
}
