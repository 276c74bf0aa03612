//! The experiments: which workload is measured at which distance, with whom, and how often.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::time::Instant;

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
    /// One round of less, to see whether it works.
    pub(crate) is_quick: bool,
    /// Who did not do what they were asked to, where, and why that is known.
    pub(crate) left_out: RefCell<Vec<String>>,
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

    /// The distances of an experiment, each with its rounds.
    fn distances(&self, rounds: [usize; 3]) -> Vec<(u64, usize)> {
        let all = DISTANCES.into_iter().zip(rounds);
        match self.is_quick {
            true => all.take(2).map(|(rtt, _)| (rtt, 1)).collect(),
            false => all.collect(),
        }
    }

    /// The ways of these that can be measured here.
    fn ways(&self, ways: &[(bool, bool)]) -> Vec<(bool, bool)> {
        let can = |(is_tls, _): &(bool, bool)| !is_tls || self.places.address.is_some();
        ways.iter().copied().filter(can).collect()
    }

    /// The way that stands for all: TLS with a login, where there is TLS.
    fn last_way(&self) -> (bool, bool) {
        self.ways(&ENDS).last().copied().unwrap_or_default()
    }

    /// Lets the contenders take turns.
    fn series(&self, scene: &Scene, entries: &[Entry<'_>], rounds: usize) -> Vec<Measured> {
        let (results, failures) = series::run(scene, entries, rounds);
        for failure in &failures {
            say(&format!("    left out: {failure}"));
        }
        self.left_out.borrow_mut().extend(failures);
        results
    }

    fn native(&self) -> Result<&Form> {
        self.forms.first().context("tagproof is missing")
    }

    /// A form of tagproof over a metadata file that names these.
    fn product<'a>(
        &'a self,
        scene: &Scene,
        form: &Form,
        name: &str,
        args: &[&str],
        names: &[String],
    ) -> Result<Entry<'a>> {
        let mut sum = DefaultHasher::new();
        names.hash(&mut sum);
        let path = self.places.work.join(format!("{:016x}.json", sum.finish()));
        fs::write(&path, self.content.metadata(names))?;
        let path = path.to_str().context("a path that is no text")?;
        let args: Vec<&str> = args.iter().copied().chain([path]).collect();
        Ok(Entry::new(name, form.run(&self.places, scene, &args)))
    }

    /// The forms over tags that are all right.
    fn right<'a>(
        &'a self,
        scene: &Scene,
        forms: &[Form],
        names: &[String],
    ) -> Result<Vec<Entry<'a>>> {
        let args = ["check", "--settle", "0", "--depth", "tag"];
        let entry = |form: &Form| {
            Ok(Entry {
                promised: Some(promised(scene.condition, names)),
                ..self.product(scene, form, form.name, &args, names)?
            })
        };
        forms.iter().map(entry).collect()
    }

    /// tagproof over tags that are right, then with the fourth of a repository wrong: checked, and
    /// repaired.
    fn states<'a>(
        &'a self,
        scene: &Scene,
        names: &[String],
        repository: &str,
    ) -> Result<Vec<Entry<'a>>> {
        let form = self.native()?;
        let least = promised(scene.condition, names);
        let mut entries = self.right(scene, &self.forms[..1], names)?;
        let (mended, spoiled) = (repository.to_owned(), repository.to_owned());
        if let Some(right) = entries.first_mut() {
            right.before = Some(Box::new(move || self.content.mend(&mended, "3")));
        }
        let spoil = move || self.content.spoil(&spoiled, "3");
        entries.push(Entry {
            code: 1,
            // The body that decides.
            promised: Some(least + 1),
            before: Some(Box::new(spoil.clone())),
            ..self.product(
                scene,
                form,
                "tagproof, one wrong",
                &["check", "--settle", "0", "--depth", "tag"],
                names,
            )?
        });
        let name = "tagproof, one wrong and repaired";
        // It leaves the tag right for the others.
        entries.push(Entry {
            // A look before the write, the write, two looks after it; and whether the write lost an
            // image: the child that was not seen is read before it, both are asked for after it.
            promised: Some(least + 1 + 4 + 1 + 2),
            before: Some(Box::new(spoil)),
            ..self.product(
                scene,
                form,
                name,
                &["fix", "--settle", "0", "--depth", "tag"],
                names,
            )?
        });
        Ok(entries)
    }

    /// The rival that was the fastest with one tag, once for each tag.
    fn loops<'a>(
        &'a self,
        one: &Table,
        scene: &Scene,
        names: &[String],
        at_once: &[usize],
    ) -> Vec<Entry<'a>> {
        let near = Condition {
            rtt: scene.condition.rtt.min(20),
            ..scene.condition
        };
        let best = one
            .get(&near)
            .and_then(|results| fastest(results))
            .and_then(|fastest| self.rivals.iter().find(|rival| rival.name == fastest.name));
        let Some(best) = best else {
            return Vec::new();
        };
        let entry = |&number: &usize| {
            let way = if number == 1 { LOOP } else { XARGS };
            let line = best.all(&self.places, scene, names, number);
            Entry::new(format!("{}, {way}", best.name), line)
        };
        at_once.iter().map(entry).collect()
    }

    /// One tag, everyone, everywhere.
    pub(crate) fn one(&self) -> Result<Table> {
        say("one tag");
        let mut table = Table::new();
        {
            // Hosts of the component compile it once, and keep that.
            let scene = self.scene(0, WAYS[0])?;
            let names = names(&scene.hosts()[..1], LARGE, 1);
            self.series(&scene, &self.right(&scene, &self.forms, &names)?, 1);
        }
        let ways = if self.is_quick { &ENDS[..] } else { &WAYS };
        for way in self.ways(ways) {
            for (rtt, rounds) in self.distances([21, 7, 3]) {
                let scene = self.scene(rtt, way)?;
                let names = names(&scene.hosts()[..1], LARGE, 1);
                let mut entries = self.right(&scene, &self.forms, &names)?;
                for rival in &self.rivals {
                    let line = rival.one(&self.places, &scene, &names[0]);
                    entries.push(Entry::new(rival.name, line));
                }
                table.insert(scene.condition, self.series(&scene, &entries, rounds));
            }
        }
        Ok(table)
    }

    /// Twenty tags over two repositories on two registries: right, one wrong, one wrong repaired.
    pub(crate) fn twenty(&self, one: &Table) -> Result<Table> {
        say("20 tags on two registries");
        let mut table = Table::new();
        for way in self.ways(&ENDS) {
            for (rtt, rounds) in self.distances([9, 4, 2]) {
                let scene = self.scene(rtt, way)?;
                let [first, second] = scene.hosts();
                let mut names = names(&[first], LARGE, 10);
                names.extend(self::names(&[second], &small(0), 10));
                let mut entries = self.states(&scene, &names, LARGE)?;
                entries.extend(self.right(&scene, &self.forms[1..], &names)?);
                entries.extend(self.loops(one, &scene, &names, &[8, 1]));
                table.insert(scene.condition, self.series(&scene, &entries, rounds));
            }
        }
        Ok(table)
    }

    /// Two hundred tags in ten repositories of one registry.
    pub(crate) fn two_hundred(&self, one: &Table) -> Result<Table> {
        say("200 tags in ten repositories");
        let mut table = Table::new();
        for way in self.ways(&ENDS) {
            for (rtt, rounds) in self.distances([5, 2, 1]) {
                let scene = self.scene(rtt, way)?;
                let hosts = scene.hosts();
                let names: Vec<String> = (0..10)
                    .flat_map(|nth| names(&hosts[..1], &small(nth), 20))
                    .collect();
                let mut entries = self.states(&scene, &names, &small(0))?;
                if rtt == 0 || !self.is_quick {
                    entries.extend(self.right(&scene, &self.forms[1..], &names)?);
                    entries.extend(self.loops(one, &scene, &names, &[8]));
                }
                table.insert(scene.condition, self.series(&scene, &entries, rounds));
            }
        }
        Ok(table)
    }

    /// More and more tags of one repository; by number of tags.
    pub(crate) fn growing(&self, one: &Table) -> Result<BTreeMap<usize, Table>> {
        say("more and more tags in one repository");
        let mut tables: BTreeMap<usize, Table> = BTreeMap::new();
        for (rtt, rounds) in self.distances([3, 2, 1]) {
            let scene = self.scene(rtt, self.last_way())?;
            for number in NUMBERS {
                if self.is_quick && (rtt, number) == (20, 1000) {
                    continue;
                }
                let names = names(&scene.hosts()[..1], LARGE, number);
                let mut entries = match number {
                    1000 if rtt < 100 => self.states(&scene, &names, LARGE)?,
                    _ => self.right(&scene, &self.forms[..1], &names)?,
                };
                if rtt == 0 && number == 1000 {
                    entries.extend(self.right(&scene, &self.forms[1..], &names)?);
                }
                if rtt == 20 {
                    let at_once: &[usize] = match number {
                        ..=20 => &[8, 1],
                        100 if self.is_quick => &[8],
                        100 => &[8, 1],
                        _ => &[8],
                    };
                    entries.extend(self.loops(one, &scene, &names, at_once));
                }
                let rounds = match number {
                    1000 => rounds.min(2),
                    _ => rounds,
                };
                let results = self.series(&scene, &entries, rounds);
                tables
                    .entry(number)
                    .or_default()
                    .insert(scene.condition, results);
            }
        }
        Ok(tables)
    }

    /// One tag of two platforms at the default depth, and what proves the same elsewhere.
    pub(crate) fn below(&self) -> Result<Table> {
        say("one tag, as deep as is the default");
        let mut table = Table::new();
        for way in self.ways(&ENDS) {
            for (rtt, rounds) in self.distances([15, 5, 3]) {
                let scene = self.scene(rtt, way)?;
                let names = names(&scene.hosts()[..1], LARGE, 1);
                let args = ["check", "--settle", "0", "--depth", "platforms"];
                let entry = |form: &Form| {
                    Ok(Entry {
                        // A manifest and a config of each platform.
                        promised: Some(promised(scene.condition, &names) + 4),
                        ..self.product(&scene, form, form.name, &args, &names)?
                    })
                };
                let mut entries: Vec<Entry<'_>> =
                    self.forms.iter().map(entry).collect::<Result<_>>()?;
                let digests = self.content.children();
                for rival in &self.rivals {
                    let lines = rival.below(&self.places, &scene, &names[0], &digests);
                    entries.extend(lines.into_iter().map(|(name, line)| Entry::new(name, line)));
                }
                table.insert(scene.condition, self.series(&scene, &entries, rounds));
            }
        }
        Ok(table)
    }

    /// With the second look two seconds after the first, as is the default.
    pub(crate) fn settling(&self) -> Result<Table> {
        say("with the settling second look");
        let mut table = Table::new();
        for (rtt, _) in self.distances([1, 1, 1]) {
            let scene = self.scene(rtt, self.last_way())?;
            let names = names(&scene.hosts()[..1], LARGE, 20);
            let entry = Entry {
                promised: Some(promised(scene.condition, &names) + names.len()),
                ..self.product(
                    &scene,
                    self.native()?,
                    "tagproof",
                    &["check", "--depth", "tag"],
                    &names,
                )?
            };
            table.insert(scene.condition, self.series(&scene, &[entry], 1));
        }
        Ok(table)
    }
}

/// The requests that tags take which are right, at one look: a read each, and with a login a
/// challenge a registry and a token a repository.
fn promised(condition: Condition, names: &[String]) -> usize {
    let registries: BTreeSet<&str> = names
        .iter()
        .filter_map(|it| Some(it.split_once('/')?.0))
        .collect();
    let repositories: BTreeSet<&str> = names
        .iter()
        .filter_map(|it| Some(it.rsplit_once(':')?.0))
        .collect();
    match condition.has_login {
        true => names.len() + registries.len() + repositories.len(),
        false => names.len(),
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
        let scene = self.scene(rtt, self.last_way())?;
        let names = names(&scene.hosts()[..1], LARGE, 1);
        let args = ["check", "--settle", "0", "--depth", "tag"];
        let entry = self.product(&scene, self.native()?, "tagproof", &args, &names)?;
        for front in [&scene.one, &scene.tokens] {
            front.counts.trace();
        }
        let mut runs: Vec<Vec<Phase>> = Vec::new();
        for _ in 0..if self.is_quick { 1 } else { 15 } {
            let start = Instant::now();
            gauge::measure(&entry.line)?;
            let end = Instant::now();
            scene.rest();
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
