//! The others in the scene: jobs that push, merge, retag and clean up while the engine works.

use tagproof::oci::Digest;

use super::images::library;
use super::rng::Rng;
use super::scene::{Deed, Scene, When};

/// Adds what one of them does to a scene.
pub(crate) fn draw(scene: &mut Scene, rng: &mut Rng) {
    let lib = library();
    let tagged: Vec<usize> = (0..scene.claims.len())
        .filter(|&index| scene.claims[index].tag.is_some())
        .collect();
    let claim = scene.claims[*rng.pick(&tagged)].clone();
    let (repo, tag) = (claim.repo, claim.tag.clone().unwrap());
    let image = lib.doc(&claim.build().image);
    let point = |digest: &Digest| Deed::Point(repo, tag.clone(), Some(digest.clone()));
    let when = match rng.below(3) {
        0 => When::Request(rng.below(30)),
        1 => When::At(rng.between(0, 40_000)),
        _ => When::Window,
    };
    match rng.below(7) {
        // The second push of the same build, child by child; some end on the index, some do not.
        0 if !image.children.is_empty() => {
            let start = rng.between(-5_000, 30_000);
            let step = *rng.pick(&[10, 300, 2_500]);
            let mut at = start;
            for child in &image.children {
                scene.acts.push((When::At(at), point(child)));
                at += step;
            }
            if rng.chance(60) {
                scene.acts.push((When::At(at), point(&image.digest)));
            }
        }
        // A newer build, a merge job.
        1 | 2 => scene
            .acts
            .push((when, point(rng.pick(&claim.build().others)))),
        // A clean-up.
        3 => scene
            .acts
            .push((when, Deed::Point(repo, tag.clone(), None))),
        4 => {
            let mut all = vec![&image.digest];
            all.extend(&image.children);
            let gone = (*rng.pick(&all)).clone();
            scene.acts.push((when, Deed::Delete(repo, gone)));
        }
        // Another job that repairs, and one that goes back to and fro.
        5 => scene.acts.push((when, point(&image.digest))),
        _ => {
            let other = super::scene::shown(lib, claim.build, rng);
            let mut at = rng.between(0, 10_000);
            let step = rng.between(100, 9_000);
            for round in 0..rng.below(8) {
                let digest = match round % 2 {
                    0 => Some(image.digest.clone()),
                    _ => other.clone(),
                };
                let deed = Deed::Point(repo, tag.clone(), digest);
                scene.acts.push((When::At(at), deed));
                at += step;
            }
        }
    }
}
