//! The experiments: which workload is measured at which distance, with whom, and how often.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::contenders::{Form, Rival};
use super::content::Content;
use super::gauge;
use super::scene::{Condition, Places, Scene};
use super::series::{self, Entry, Measured};

/// The combinations of transport and login.
pub(crate) const WAYS: [(bool, bool); 4] =
    [(false, false), (false, true), (true, false), (true, true)];
/// The two that stand for all in the larger workloads.
pub(crate) const ENDS: [(bool, bool); 2] = [(false, false), (true, true)];
/// The round-trip times, in milliseconds.
pub(crate) const DISTANCES: [u64; 3] = [0, 20, 100];
/// The numbers of tags in the plot.
pub(crate) const NUMBERS: [usize; 5] = [1, 5, 20, 100, 1000];
/// The repository with many tags, and its name under both registries.
pub(crate) const LARGE: &str = "team/app";

/// The names of loops in tables.
pub(crate) const LOOP: &str = "a loop of it";
pub(crate) const XARGS: &str = "`xargs -P 8` of it";

/// Results by condition.
pub(crate) type Table = BTreeMap<Condition, Vec<Measured>>;

/// Everything that is measured with.
pub(crate) struct Bench {
    pub(crate) places: Places,
    pub(crate) content: Content,
    pub(crate) rivals: Vec<Rival>,
    /// The rivals that are not on this machine.
    pub(crate) missing: Vec<&'static str>,
    pub(crate) forms: Vec<Form>,
    /// Fewer rounds, to see whether it works.
    pub(crate) is_quick: bool,
}

/// The ten repositories with twenty tags each.
pub(crate) fn small(nth: usize) -> String {
    format!("team/part-{nth}")
}

impl Bench {
    fn scene(&self, rtt: u64, (is_tls, has_login): (bool, bool)) -> Result<Scene> {
        let condition = Condition {
            rtt,
            is_tls,
            has_login,
        };
        say(&format!("  {}", condition.shown()));
        Scene::start(&self.places, &self.content, condition)
    }

    fn rounds(&self, full: usize) -> usize {
        if self.is_quick { full.min(2) } else { full }
    }

    fn metadata(&self, file: &str, names: &[String]) -> Result<PathBuf> {
        let path = self.places.work.join(file);
        fs::write(&path, self.content.metadata(names))?;
        Ok(path)
    }

    fn product<'a>(
        &'a self,
        scene: &Scene,
        form: &Form,
        name: &str,
        args: &[&str],
        names: &[String],
    ) -> Result<Entry<'a>> {
        let path = self.metadata("build.json", names)?;
        let path = path.to_str().context("a path that is no text")?;
        let args: Vec<&str> = args.iter().copied().chain([path]).collect();
        Ok(Entry::new(name, form.run(&self.places, scene, &args)))
    }

    fn native(&self) -> Result<&Form> {
        self.forms.first().context("tagproof is missing")
    }

    /// The rival that was the fastest with one tag.
    fn best(&self, one: &Table, scene: &Scene) -> Option<&Rival> {
        let near = Condition {
            rtt: scene.condition.rtt.min(20),
            ..scene.condition
        };
        let fastest = fastest(one.get(&near)?)?;
        self.rivals.iter().find(|rival| rival.name == fastest.name)
    }

    /// One tag, everyone, everywhere.
    pub(crate) fn one(&self) -> Result<Table> {
        say("one tag");
        let mut table = Table::new();
        for way in WAYS.into_iter().filter(|way| self.can(*way)) {
            for (rtt, rounds) in DISTANCES.into_iter().zip([21, 7, 3]) {
                let scene = self.scene(rtt, way)?;
                let names = names(&scene.hosts()[..1], LARGE, 1);
                let args = ["check", "--settle", "0"];
                let mut entries = Vec::new();
                for form in &self.forms {
                    entries.push(self.product(&scene, form, form.name, &args, &names)?);
                }
                for rival in &self.rivals {
                    let line = rival.one(&self.places, &scene, &names[0]);
                    match gauge::measure(&line)?.code {
                        0 => entries.push(Entry::new(rival.name, line)),
                        code => say(&format!("    {} ended with {code}: left out", rival.name)),
                    }
                }
                let results = series::run(&scene, &entries, self.rounds(rounds))?;
                table.insert(scene.condition, results);
            }
        }
        Ok(table)
    }

    /// Twenty tags over two repositories on two registries: right, one wrong, one wrong repaired.
    pub(crate) fn twenty(&self, one: &Table) -> Result<Table> {
        say("20 tags on two registries");
        let mut table = Table::new();
        for way in ENDS.into_iter().filter(|way| self.can(*way)) {
            for (rtt, rounds) in DISTANCES.into_iter().zip([9, 4, 1]) {
                let scene = self.scene(rtt, way)?;
                let [first, second] = scene.hosts();
                let mut names = names(&[first], LARGE, 10);
                names.extend(self::names(&[second], &small(0), 10));
                let mut entries = self.states(&scene, &names, LARGE)?;
                for form in self.forms.iter().skip(1) {
                    let args = ["check", "--settle", "0"];
                    entries.push(self.product(&scene, form, form.name, &args, &names)?);
                }
                entries.extend(self.loops(one, &scene, &names, &[8, 1]));
                let results = series::run(&scene, &entries, self.rounds(rounds))?;
                table.insert(scene.condition, results);
            }
        }
        Ok(table)
    }

    /// Two hundred tags in ten repositories of one registry.
    pub(crate) fn two_hundred(&self, one: &Table) -> Result<Table> {
        say("200 tags in ten repositories");
        let mut table = Table::new();
        for way in ENDS.into_iter().filter(|way| self.can(*way)) {
            for (rtt, rounds) in DISTANCES.into_iter().zip([5, 2, 1]) {
                let scene = self.scene(rtt, way)?;
                let hosts = scene.hosts();
                let names: Vec<String> = (0..10)
                    .flat_map(|nth| names(&hosts[..1], &small(nth), 20))
                    .collect();
                let mut entries = self.states(&scene, &names, &small(0))?;
                if rtt < 100 {
                    entries.extend(self.loops(one, &scene, &names, &[8]));
                }
                let results = series::run(&scene, &entries, self.rounds(rounds))?;
                table.insert(scene.condition, results);
            }
        }
        Ok(table)
    }

    /// More and more tags of one repository; by number of tags.
    pub(crate) fn growing(&self, one: &Table) -> Result<BTreeMap<usize, Table>> {
        say("more and more tags in one repository");
        let mut tables: BTreeMap<usize, Table> = BTreeMap::new();
        let way = ENDS
            .into_iter()
            .rfind(|way| self.can(*way))
            .unwrap_or_default();
        for rtt in DISTANCES {
            let scene = self.scene(rtt, way)?;
            for number in NUMBERS {
                if rtt == 100 && self.is_quick && number > 100 {
                    continue;
                }
                let names = names(&scene.hosts()[..1], LARGE, number);
                let args = ["check", "--settle", "0"];
                let mut entries =
                    vec![self.product(&scene, self.native()?, "tagproof", &args, &names)?];
                if rtt == 20 {
                    let at_once: &[usize] = match number {
                        ..=20 => &[8, 1],
                        _ if self.is_quick => &[],
                        100 => &[8, 1],
                        _ => &[8],
                    };
                    entries.extend(self.loops(one, &scene, &names, at_once));
                }
                let rounds = match (rtt, number) {
                    (0, _) => 5,
                    (20, ..=20) => 4,
                    (20, 100) => 2,
                    _ => 1,
                };
                let results = series::run(&scene, &entries, self.rounds(rounds))?;
                tables
                    .entry(number)
                    .or_default()
                    .insert(scene.condition, results);
            }
        }
        Ok(tables)
    }

    /// With the second look two seconds after the first, as is the default.
    pub(crate) fn settling(&self) -> Result<Table> {
        say("with the settling second look");
        let mut table = Table::new();
        let way = ENDS
            .into_iter()
            .rfind(|way| self.can(*way))
            .unwrap_or_default();
        for rtt in DISTANCES {
            let scene = self.scene(rtt, way)?;
            let names = names(&scene.hosts()[..1], LARGE, 20);
            let entry = self.product(&scene, self.native()?, "tagproof", &["check"], &names)?;
            let results = series::run(&scene, &[entry], 1)?;
            table.insert(scene.condition, results);
        }
        Ok(table)
    }

    /// tagproof over tags that are right, then with the fourth one wrong: checked, and repaired.
    fn states<'a>(
        &'a self,
        scene: &Scene,
        names: &[String],
        repository: &str,
    ) -> Result<Vec<Entry<'a>>> {
        let form = self.native()?;
        let entry = |name: &str, mode: &'static str| {
            self.product(scene, form, name, &[mode, "--settle", "0"], names)
        };
        let repository = repository.to_owned();
        let of_wrong = repository.clone();
        Ok(vec![
            Entry {
                before: Some(Box::new(move || self.content.mend(&repository, "3"))),
                ..entry("tagproof", "check")?
            },
            Entry {
                code: 1,
                before: Some(Box::new({
                    let repository = of_wrong.clone();
                    move || self.content.spoil(&repository, "3")
                })),
                ..entry("tagproof, one wrong", "check")?
            },
            // It leaves the tag right for the others.
            Entry {
                before: Some(Box::new(move || self.content.spoil(&of_wrong, "3"))),
                ..entry("tagproof, one wrong and repaired", "fix")?
            },
        ])
    }

    fn loops<'a>(
        &'a self,
        one: &Table,
        scene: &Scene,
        names: &[String],
        at_once: &[usize],
    ) -> Vec<Entry<'a>> {
        let Some(best) = self.best(one, scene) else {
            return Vec::new();
        };
        let entry = |&number: &usize| {
            let way = if number == 1 { LOOP } else { XARGS };
            let line = best.all(&self.places, scene, names, number);
            Entry::new(format!("{}, {way}", best.name), line)
        };
        at_once.iter().map(entry).collect()
    }

    fn can(&self, (is_tls, _): (bool, bool)) -> bool {
        !is_tls || self.places.certificate.is_some()
    }
}

/// The fastest of those that are not tagproof.
pub(crate) fn fastest(results: &[Measured]) -> Option<&Measured> {
    results
        .iter()
        .filter(|it| !it.name.starts_with("tagproof"))
        .min_by(|a, b| a.wall().total_cmp(&b.wall()))
}

fn names(hosts: &[String], repository: &str, tags: usize) -> Vec<String> {
    hosts
        .iter()
        .flat_map(|host| (0..tags).map(move |tag| format!("{host}/{repository}:{tag}")))
        .collect()
}

/// A phase of a run and how long it took, in milliseconds.
pub(crate) type Phase = (&'static str, f64);

impl Bench {
    /// Where the time of one tag goes, over TLS with a login; the median of each phase.
    pub(crate) fn phases(&self, rtt: u64) -> Result<Vec<Phase>> {
        say("phases of one tag");
        let way = ENDS
            .into_iter()
            .rfind(|way| self.can(*way))
            .unwrap_or_default();
        let scene = self.scene(rtt, way)?;
        let names = names(&scene.hosts()[..1], LARGE, 1);
        let args = ["check", "--settle", "0"];
        let entry = self.product(&scene, self.native()?, "tagproof", &args, &names)?;
        for front in [&scene.one, &scene.tokens] {
            front.counts.trace();
        }
        let mut runs: Vec<Vec<Phase>> = Vec::new();
        for _ in 0..self.rounds(15) {
            let start = Instant::now();
            gauge::measure(&entry.line)?;
            let end = Instant::now();
            std::thread::sleep(Duration::from_millis(rtt * 2 + 2));
            runs.push(super::phases::split(start, end, &scene));
        }
        Ok(super::phases::middle(&runs))
    }
}

/// Says what is done, on standard error.
#[allow(clippy::print_stderr, reason = "a bench says how far it is")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}
