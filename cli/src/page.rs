//! Text for people, put together line by line: headings, lines, and tables whose columns line up.

use std::{
    borrow::Cow,
    fmt::{Display, Write as _},
};

use crate::{
    failure::Failure,
    output::{
        self,
        style::{DIM, HEADING},
    },
    printable::in_line,
};

/// The longest cell in letters: whoever wrote a plug-in chose its names, and every row is as wide as the
/// widest.
const CELL_LIMIT: usize = 100;

/// A page that grows downwards.
#[derive(Debug, Default)]
pub(crate) struct Page {
    text: String,
}

/// How a column of a table is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// Words.
    Left,
    /// Numbers.
    Right,
    /// Words that matter less.
    Dim,
}

impl Page {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds what the lines below are about.
    pub(crate) fn heading(&mut self, text: impl Display) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(format_args!("{HEADING}{text}{HEADING:#}"));
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, text: impl Display) {
        writeln!(self.text, "{text}").expect("a string takes any text");
    }

    /// Adds a line for each row, indented, every column as wide as its widest cell. Cells may say anything:
    /// those that are too long are cut, and none leaves its line.
    pub(crate) fn table<const N: usize>(&mut self, columns: [Column; N], rows: &[[String; N]]) {
        let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|cell| shown(cell))).collect();
        let width = |idx: usize| rows.iter().map(|row| row[idx].chars().count()).max().unwrap_or(0);
        let widths: [usize; N] = std::array::from_fn(width);
        for row in &rows {
            let mut line = String::from(" ");
            for (idx, (cell, column)) in row.iter().zip(columns).enumerate() {
                let width = widths[idx];
                let padded = match column {
                    Column::Left | Column::Dim if idx + 1 == N => cell.to_string(),
                    Column::Left | Column::Dim => format!("{cell:<width$}"),
                    Column::Right => format!("{cell:>width$}"),
                };
                let style = if column == Column::Dim { DIM } else { anstyle::Style::new() };
                write!(line, " {style}{padded}{style:#} ").expect("a string takes any text");
            }
            self.line(line.strip_suffix(' ').unwrap_or(&line));
        }
    }

    /// Returns the text.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// Prints the page.
    ///
    /// # Errors
    ///
    /// If standard output is closed.
    pub(crate) fn print(self) -> Result<(), Failure> {
        output::print(&self.text)
    }
}

/// Returns a cell on one line that is not too long.
fn shown(cell: &str) -> Cow<'_, str> {
    match cell.char_indices().nth(CELL_LIMIT) {
        Some((end, _)) => Cow::Owned(format!("{}…", in_line(&cell[..end]))),
        None => in_line(cell),
    }
}

/// Returns `1 module`, `2 modules`.
pub(crate) fn counted(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut page = Page::new();
        page.heading("Sizes");
        let rows = [("code", "5"), ("ümlaut", "1000")];
        let rows = rows.map(|(name, size)| [name.to_owned(), size.to_owned()]);
        page.table([Column::Left, Column::Right], &rows);
        let text = anstream::adapter::strip_str(&page.into_text()).to_string();
        assert_eq!(text, "Sizes\n  code       5\n  ümlaut  1000\n");
    }

    #[test]
    fn a_name_is_no_more_than_a_cell() {
        let mut page = Page::new();
        page.table([Column::Left], &[["run\n  evil\u{1b}[2J\u{202e}".to_owned()]]);
        let text = anstream::adapter::strip_str(&page.into_text()).to_string();
        assert_eq!(text, "  run\\n  evil\\u{1b}[2J\\u{202e}\n");
    }

    #[test]
    fn one_long_name_does_not_widen_every_row() {
        let mut page = Page::new();
        let rows = [["ü".repeat(100_000), "1".to_owned()], ["b".to_owned(), "2".to_owned()]];
        page.table([Column::Left, Column::Right], &rows);
        let text = anstream::adapter::strip_str(&page.into_text()).to_string();
        assert_eq!(text.lines().next(), Some(format!("  {}…  1", "ü".repeat(100)).as_str()));
        assert!(text.chars().count() < 300, "{text}");
    }
}
