//! `cargo xtask carts`: generates the carts of the demo, the same on every machine.
//!
//! The file is committed, so that the demo shows real data; `--check` keeps it and the generator
//! together. A handful of its lines are bad on purpose: a shop has to live with such lines.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::workspace::Workspace;

const FILE: &str = "examples/data/carts.jsonl";

const N_CARTS: u32 = 1_200;

/// Carts at the edges of the merchant's rule, which come first in the file.
const EDGES: [(bool, u32); 10] = [
    (true, 9_999),
    (true, 10_000),
    (true, 10_001),
    (false, 9_999),
    (false, 10_000),
    (false, 10_001),
    (true, 0),
    (true, 1),
    (true, 1_234_567),
    (false, 999_999),
];

/// Bad lines, each with the number it has in the file, in rising order.
const BAD_LINES: [(usize, &str); 9] = [
    (38, r#"{"id":"C-00038","channel":"web","is_new_customer":true,"cart_total_in_cents":"#),
    (117, r#"{"id":"C-00117","channel":"app","is_new_customer":true,"provided_email":true}"#),
    (
        256,
        r#"{"id":"C-00256","channel":"web","is_new_customer":"yes","provided_email":true,"cart_total_in_cents":12900}"#,
    ),
    (404, ""),
    (
        555,
        r#"{"id":"C-00555","channel":"phone","is_new_customer":true,"provided_email":false,"cart_total_in_cents":99999999999999999999}"#,
    ),
    (
        777,
        r#"{"id":"C-00777","channel":"web","is_new_customer":false,"provided_email":true,"cart_total_in_cents":-500}"#,
    ),
    (
        901,
        r#"{"id":"C-00901","channel":"app","is_new_customer":true,"provided_email":true,"cart_total_in_cents":"129.00"}"#,
    ),
    (
        1_024,
        r#"{"id":"C-01024","channel":"fax","is_new_customer":true,"provided_email":true,"cart_total_in_cents":10000}"#,
    ),
    (1_100, "-- exported by the shop, part 2 --"),
];

/// Writes the file, or compares it.
///
/// # Errors
///
/// If the file cannot be written or read, or is not what the generator makes.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let path = workspace.root.join(FILE);
    let made = file();
    if check {
        let found = fs::read_to_string(&path).with_context(|| format!("reading `{FILE}`"))?;
        ensure!(found == made, "`{FILE}` is stale: run `cargo xtask carts`");
    } else {
        fs::write(&path, made).with_context(|| format!("writing `{FILE}`"))?;
    }
    Ok(())
}

fn file() -> String {
    let mut dice = Dice { state: 0x5EED };
    let mut lines: Vec<String> = Vec::new();
    let mut bad = BAD_LINES.into_iter().peekable();
    for cart_idx in 0..N_CARTS {
        while let Some((_, line)) = bad.next_if(|(number, _)| *number == lines.len() + 1) {
            lines.push(line.to_owned());
        }
        let number = lines.len() + 1;
        lines.push(cart(&mut dice, number, EDGES.get(cart_idx as usize).copied()));
    }
    lines.join("\n") + "\n"
}

fn cart(dice: &mut Dice, number: usize, edge: Option<(bool, u32)>) -> String {
    let channel = match dice.roll(100) {
        0..55 => "web",
        55..85 => "app",
        85..95 => "store",
        _ => "phone",
    };
    let email = dice.roll(100) < 70;
    let drawn = (dice.roll(100) < 35, total(dice));
    let (new_customer, cents) = edge.unwrap_or(drawn);
    format!(
        r#"{{"id":"C-{number:05}","channel":"{channel}","is_new_customer":{new_customer},"provided_email":{email},"cart_total_in_cents":{cents}}}"#
    )
}

/// Most carts are small, some are near the merchant's threshold, a few are large.
fn total(dice: &mut Dice) -> u32 {
    match dice.roll(100) {
        0..50 => 300 + dice.roll(7_000),
        50..70 => 9_500 + dice.roll(1_000),
        70..95 => 7_300 + dice.roll(22_700),
        _ => 30_000 + dice.roll(470_000),
    }
}

/// A fixed sequence of numbers that look random (a linear congruential generator).
struct Dice {
    state: u64,
}

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: u32) -> u32 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let high = self.state >> 33;
        u32::try_from(high % u64::from(sides)).expect("the rest is below a u32")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_bad_line_has_its_number() {
        let text = file();
        let lines: Vec<_> = text.lines().collect();
        for (number, line) in BAD_LINES {
            assert_eq!(lines[number - 1], line);
        }
        assert_eq!(lines.len(), N_CARTS as usize + BAD_LINES.len());
    }

    #[test]
    fn every_other_line_is_a_cart_of_its_own() {
        let text = file();
        let carts: Vec<Value> = text
            .lines()
            .filter(|line| BAD_LINES.iter().all(|(_, bad)| bad != line))
            .map(|line| serde_json::from_str(line).expect("it is JSON"))
            .collect();
        let new = carts.iter().filter(|cart| cart["is_new_customer"] == true).count();
        let large = |cart: &&Value| cart["cart_total_in_cents"].as_u64() >= Some(10_000);
        assert_eq!(carts.len(), N_CARTS as usize);
        assert!((300..600).contains(&new), "{new} new customers");
        assert!((300..800).contains(&carts.iter().filter(large).count()));
        assert_eq!(carts[1]["cart_total_in_cents"], 10_000);
    }

    #[test]
    fn dice_stay_below_their_sides() {
        let mut dice = Dice { state: 1 };
        let rolls: Vec<_> = (0..1_000).map(|_| dice.roll(6)).collect();
        assert!((0..6).all(|side| rolls.contains(&side)));
        assert!(rolls.iter().all(|roll| *roll < 6));
    }
}
