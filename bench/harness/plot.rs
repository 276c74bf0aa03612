//! The plot: time against number of tags, both on logarithmic scales, as an SVG of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::contenders::{AT_ONCE, floor};
use super::experiments::Table;
use super::scene::Condition;
use super::stats::shown;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 250.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
/// From 10 ms to 100 s, from 1 tag to 1000.
const DECADES: (f64, f64) = (1.0, 5.0);
const COLORS: [&str; 4] = ["#0969da", "#bc4c00", "#8250df", "#57606a"];

/// A curve: its name, and times in milliseconds by number of tags.
type Curve = (String, Vec<(usize, f64)>);

/// Draws the results at 20 ms.
pub(crate) fn draw(growing: &BTreeMap<usize, Table>) -> String {
    let (curves, way) = curves(growing);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"14\">Time to check all tags of a repository ({way})</text>\n"
    );
    for decade in 1..=5 {
        let time = 10_f64.powi(decade);
        let y = y(time);
        let end = WIDTH - RIGHT;
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{end}\" stroke=\"#d0d7de\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            y + 4.0,
            label(time)
        );
    }
    for number in [1, 10, 100, 1000] {
        let (x, end) = (x(number), HEIGHT - BOTTOM);
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {TOP}V{end}\" stroke=\"#d0d7de\"/><text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{number}</text>",
            end + 18.0
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">tags</text>",
        (LEFT + WIDTH - RIGHT) / 2.0,
        HEIGHT - 12.0
    );
    for ((name, points), color) in curves.iter().zip(COLORS.iter().cycle()) {
        curve(&mut svg, name, points, color);
    }
    svg + "</svg>\n"
}

fn curve(svg: &mut String, name: &str, points: &[(usize, f64)], color: &str) {
    let Some(&(last, end)) = points.last() else {
        return;
    };
    let dashes = if name.starts_with("the floor") {
        " stroke-dasharray=\"4 4\""
    } else {
        ""
    };
    let path: Vec<String> = points
        .iter()
        .map(|&(number, time)| format!("{:.1} {:.1}", x(number), y(time)))
        .collect();
    let _ = writeln!(
        svg,
        "<path d=\"M{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"{dashes}/>",
        path.join("L")
    );
    for &(number, time) in points {
        let _ = writeln!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{color}\"><title>{name}: {number} in {}</title></circle>",
            x(number),
            y(time),
            shown(time)
        );
    }
    let below = if dashes.is_empty() { 4.0 } else { 16.0 };
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{color}\">{name}</text>",
        x(last) + 8.0,
        y(end) + below
    );
}

fn curves(growing: &BTreeMap<usize, Table>) -> (Vec<Curve>, String) {
    let mut curves: Vec<Curve> = Vec::new();
    let mut ground = Vec::new();
    let mut way = String::new();
    for (&number, table) in growing {
        let near = |condition: &&Condition| condition.rtt == 20;
        let Some(condition) = table.keys().find(near) else {
            continue;
        };
        way = condition.shown();
        ground.push((number, floor(*condition, number, AT_ONCE)));
        let is_drawn = |name: &str| name == "tagproof" || !name.starts_with("tagproof");
        for result in table[condition].iter().filter(|it| is_drawn(&it.name)) {
            let name = result.name.replace('`', "");
            match curves.iter_mut().find(|(other, _)| *other == name) {
                Some((_, points)) => points.push((number, result.wall())),
                None => curves.push((name, vec![(number, result.wall())])),
            }
        }
    }
    curves.push(("the floor of round trips".to_owned(), ground));
    (curves, way)
}

fn x(number: usize) -> f64 {
    let decades = f64::from(u32::try_from(number).unwrap_or(u32::MAX)).log10() / 3.0;
    LEFT + decades * (WIDTH - LEFT - RIGHT)
}

fn y(milliseconds: f64) -> f64 {
    let (lowest, highest) = DECADES;
    let decades = (milliseconds.log10() - lowest) / (highest - lowest);
    HEIGHT - BOTTOM - decades * (HEIGHT - TOP - BOTTOM)
}

fn label(milliseconds: f64) -> String {
    match milliseconds {
        few if few < 1000.0 => format!("{few:.0} ms"),
        many => format!("{:.0} s", many / 1000.0),
    }
}
