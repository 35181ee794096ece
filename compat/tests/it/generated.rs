//! Inputs that nobody thought of: sizes at the borders of words and pages, bytes at random, and runs
//! of steps on blocks.

use proptest::{
    collection::vec,
    prelude::{Strategy, any},
    sample::select,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::{case::Case, compare::check, guest, probe};

/// Sizes at which something begins or ends: a word of the loops that copy, a page of memory.
const BORDERS: [usize; 6] = [0, 8, 16, 4_096, 65_536, 131_072];

/// As many values of a strategy, always the same.
fn values<S: Strategy>(strategy: &S, n_values: usize) -> Vec<S::Value> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..n_values).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[test]
fn inputs_at_the_borders_of_words_and_pages() {
    let near = |border: usize| (border.saturating_sub(2)..border + 3).collect::<Vec<_>>();
    let sizes: Vec<_> = BORDERS.into_iter().flat_map(near).collect();
    let contents = values(&vec(any::<u8>(), 131_075), 1).remove(0);
    check([("published", "echo"), ("published", "bytes"), ("trouble", "echo")].map(
        |(name, export)| {
            let functions = crate::published::functions();
            let case = Case::new(format!("{name}: {export}"), guest(name));
            let case = functions.into_iter().fold(case, Case::with_function);
            sizes.iter().fold(case, |case, len| case.call(export, &contents[..*len]))
        },
    ));
}

#[test]
fn texts_of_any_characters() {
    let texts = values(&"\\PC{0,40}", 40);
    let functions = crate::published::functions();
    let case = Case::new("texts", guest("published"));
    let case = functions.into_iter().fold(case, Case::with_function);
    check([texts.iter().filter(|text| !text.is_empty()).fold(case, |case, text| {
        case.call("text", text)
            .call("describes", text)
            .call("remembers", text)
            .call("greets", text)
            .fail("fails", text)
            .call("recalls", "last")
    })]);
}

/// One step of a run on blocks. A block is one of four that the run has at hand.
#[derive(Debug, Clone, Copy)]
enum BlockStep {
    Alloc { block: u8, len: u16 },
    Free { block: u8 },
    Store { block: u8, value: u64 },
    Load { block: u8 },
    Length { block: u8 },
    Output { block: u8 },
    Error { block: u8 },
    ClearError,
}

fn block_step() -> impl Strategy<Value = BlockStep> {
    let block = || 0..4_u8;
    let lens = select(vec![8_u16, 9, 15, 16, 17, 63, 64, 100, 500, 4_096, 40_000]);
    proptest::prop_oneof![
        4 => (block(), lens).prop_map(|(block, len)| BlockStep::Alloc { block, len }),
        2 => block().prop_map(|block| BlockStep::Free { block }),
        4 => (block(), any::<u64>()).prop_map(|(block, value)| BlockStep::Store { block, value }),
        4 => block().prop_map(|block| BlockStep::Load { block }),
        3 => block().prop_map(|block| BlockStep::Length { block }),
        1 => block().prop_map(|block| BlockStep::Output { block }),
        1 => block().prop_map(|block| BlockStep::Error { block }),
        1 => proptest::prelude::Just(BlockStep::ClearError),
    ]
}

impl BlockStep {
    /// The step as text. A guest that behaves forgets what it frees, and loads what it has stored.
    fn text(self) -> String {
        let at = |block: u8| format!("(global.get $b{block})");
        match self {
            Self::Alloc { block, len } => {
                let alloc = format!("(global.set $b{block} (call $alloc (i64.const {len})))");
                alloc + &format!("(call $store_u64 {} (i64.const {len}))", at(block))
            }
            Self::Free { block } => {
                format!("(call $free {}) (global.set $b{block} (i64.const 0))", at(block))
            }
            Self::Store { block, value } => {
                format!("(call $store_u64 {} (i64.const {}))", at(block), value.cast_signed())
            }
            Self::Load { block } => format!("(call $emit (call $load_u64 {}))", at(block)),
            Self::Length { block } => format!(
                "(call $emit (call $length {0})) (call $emit (call $length_unsafe {0}))",
                at(block)
            ),
            Self::Output { block } => {
                let give = format!("(if (i32.wrap_i64 {0}) (then (call $give {0})))", at(block));
                give + "(call $emit (call $output_length))"
            }
            Self::Error { block } => {
                format!(
                    "(call $error_set {}) (call $emit (call $any (call $error_get)))",
                    at(block)
                )
            }
            Self::ClearError => "(call $error_set (i64.const 0))".to_owned(),
        }
    }
}

#[test]
fn runs_of_steps_on_blocks() {
    let runs = values(&vec(block_step(), 60), 40);
    check(runs.iter().enumerate().map(|(run_idx, run)| {
        let steps: Vec<_> = run.iter().map(|step| step.text()).collect();
        let globals: Vec<_> =
            (0..4).map(|block| format!("(global $b{block} (mut i64) (i64.const 0))")).collect();
        let forget: Vec<_> =
            (0..4).map(|block| format!("(global.set $b{block} (i64.const 0))")).collect();
        let module = probe::module(&format!(
            "{}\n(func (export \"run\") {} {} (call $error_set (i64.const 0)) (call $done))",
            globals.join("\n"),
            forget.join(" "),
            steps.join("\n"),
        ));
        Case::new(format!("run {run_idx}"), module).call("run", "").call("run", "an input")
    }));
}
