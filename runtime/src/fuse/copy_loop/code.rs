//! A function's operators, and how its blocks lie in each other.

use wasmparser::{BlockType, Operator};

use super::linear::Width;

/// A function as it is walked through.
pub(crate) struct Code<'a> {
    pub(crate) operators: Vec<Operator<'a>>,
    /// The width of each local, `None` for those that are no integer. Parameters come first.
    pub(crate) widths: Vec<Option<Width>>,
    pub(crate) n_params: usize,
    pub(crate) n_results: usize,
    /// For each operator that opens a block, the one that ends it, or the `else` between.
    partners: Vec<usize>,
    /// For each operator, the one that opens the innermost block around it.
    parents: Vec<Option<usize>>,
}

impl<'a> Code<'a> {
    /// Looks at a valid function, or returns `None` if its blocks are of a kind that is not known here.
    pub(crate) fn new(
        operators: Vec<Operator<'a>>,
        widths: Vec<Option<Width>>,
        n_params: usize,
        n_results: usize,
    ) -> Option<Self> {
        let mut partners = vec![0; operators.len()];
        let mut parents = Vec::with_capacity(operators.len());
        let mut open = Vec::new();
        for (idx, operator) in operators.iter().enumerate() {
            parents.push(open.last().copied());
            match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => {
                    open.push(idx);
                }
                Operator::TryTable { .. } => open.push(idx),
                Operator::Try { .. } => return None,
                Operator::Else => {
                    partners[open.pop()?] = idx;
                    open.push(idx);
                }
                Operator::End => {
                    if let Some(opener) = open.pop() {
                        partners[opener] = idx;
                    }
                }
                _ => {}
            }
        }
        Some(Self { operators, widths, n_params, n_results, partners, parents })
    }

    /// Returns the `end` of the block, or the part of it, that an operator opens; or the `else` of an
    /// `if`.
    pub(crate) fn partner(&self, opener: usize) -> usize {
        self.partners[opener]
    }

    /// Returns the `end` of the block that an operator opens.
    pub(super) fn end(&self, opener: usize) -> usize {
        let partner = self.partners[opener];
        if let Operator::Else = self.operators[partner] { self.partners[partner] } else { partner }
    }

    /// Returns what opens the blocks around an operator, the innermost first.
    pub(crate) fn around(&self, idx: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.parents.get(idx).copied().flatten(), |idx| self.parents[*idx])
    }

    /// Says whether an operator is the head of a loop.
    pub(crate) fn is_loop(&self, idx: usize) -> bool {
        matches!(self.operators[idx], Operator::Loop { .. })
    }

    /// Says whether an operator ends a block.
    pub(crate) fn is_end(&self, idx: usize) -> bool {
        matches!(self.operators[idx], Operator::End)
    }

    /// Returns how many values a branch to the end of a block takes along.
    pub(super) fn n_taken(&self, opener: usize) -> Option<usize> {
        match self.operators[opener] {
            Operator::Block { blockty } | Operator::If { blockty } => match blockty {
                BlockType::Empty => Some(0),
                BlockType::Type(_) => Some(1),
                BlockType::FuncType(_) => None,
            },
            Operator::Loop { blockty: BlockType::Empty | BlockType::Type(_) } => Some(0),
            _ => None,
        }
    }
}
