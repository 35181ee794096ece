//! One line that is being typed: what each key does to it, its history, and completion. No terminal is
//! touched here.

use console::Key;

/// How many lines the history keeps.
pub(super) const HISTORY_LIMIT: usize = 1_000;

/// A line that is being typed, and those that were typed before.
#[derive(Debug, Default)]
pub(super) struct LineEditor {
    line: Vec<char>,
    /// Where the next letter goes.
    cursor: usize,
    history: Vec<String>,
    /// Which line of the history is shown; its length for the line that is new.
    shown: usize,
    /// What was typed before the history was looked at.
    new_line: Vec<char>,
}

/// What comes of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The line goes on.
    Typing,
    /// The line is complete.
    Line(String),
    /// The line is given up.
    GivenUp,
    /// Nothing more will be typed.
    End,
    /// These could stand here.
    Choices(Vec<String>),
}

impl LineEditor {
    pub(super) fn new(history: Vec<String>) -> Self {
        let shown = history.len();
        Self { history, shown, ..Self::default() }
    }

    /// Returns the lines that were typed, the last at the end.
    pub(super) fn history(&self) -> &[String] {
        &self.history
    }

    /// Returns what of the line is seen in `width` columns, and where in it the cursor is. What a terminal
    /// would take for a command is no letter: names that are completed, plug-ins have chosen.
    pub(super) fn window(&self, width: usize) -> (String, usize) {
        let width = width.max(1);
        let start = (self.cursor + 1).saturating_sub(width);
        let end = self.line.len().min(start + width);
        let seen = |letter: &char| if letter.is_control() { '\u{fffd}' } else { *letter };
        (self.line[start..end].iter().map(seen).collect(), self.cursor - start)
    }

    /// Does what a key stands for; `words` could stand at the start of the line.
    pub(super) fn press(&mut self, key: &Key, words: &[String]) -> Step {
        match key {
            Key::Enter => return self.finish(),
            // The second is what a terminal sends at the end of a file.
            Key::CtrlC | Key::Char('\u{4}') if self.line.is_empty() => return Step::End,
            Key::CtrlC => {
                self.show(Vec::new());
                self.shown = self.history.len();
                return Step::GivenUp;
            }
            // To the end of the line, and to its start.
            Key::Char('\u{b}') => self.line.truncate(self.cursor),
            Key::Char('\u{15}') => {
                self.line.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::Char(letter) if !letter.is_control() => {
                self.line.insert(self.cursor, *letter);
                self.cursor += 1;
            }
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.line.remove(self.cursor);
            }
            Key::Del if self.cursor < self.line.len() => {
                self.line.remove(self.cursor);
            }
            Key::ArrowLeft => self.cursor = self.cursor.saturating_sub(1),
            Key::ArrowRight => self.cursor = (self.cursor + 1).min(self.line.len()),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.line.len(),
            Key::ArrowUp => self.look_back(),
            Key::ArrowDown => self.look_forward(),
            Key::Tab => return self.complete(words),
            _ => {}
        }
        Step::Typing
    }

    fn finish(&mut self) -> Step {
        let line: String = self.line.drain(..).collect();
        self.cursor = 0;
        if !line.trim().is_empty() && self.history.last() != Some(&line) {
            self.history.push(line.clone());
            if self.history.len() > HISTORY_LIMIT {
                self.history.remove(0);
            }
        }
        self.shown = self.history.len();
        Step::Line(line)
    }

    fn look_back(&mut self) {
        if self.shown == 0 {
            return;
        }
        if self.shown == self.history.len() {
            self.new_line = self.line.clone();
        }
        self.shown -= 1;
        self.show(self.history[self.shown].chars().collect());
    }

    fn look_forward(&mut self) {
        if self.shown == self.history.len() {
            return;
        }
        self.shown += 1;
        let line = match self.history.get(self.shown) {
            Some(line) => line.chars().collect(),
            None => self.new_line.clone(),
        };
        self.show(line);
    }

    fn show(&mut self, line: Vec<char>) {
        self.cursor = line.len();
        self.line = line;
    }

    /// Completes the first word, as far as all that could stand there agree.
    fn complete(&mut self, words: &[String]) -> Step {
        let typed: String = self.line[..self.cursor].iter().collect();
        if typed.contains(' ') {
            return Step::Typing;
        }
        let choices: Vec<_> = words.iter().filter(|word| word.starts_with(&typed)).collect();
        let Some((first, rest)) = choices.split_first() else { return Step::Typing };
        let n_common = rest.iter().fold(first.chars().count(), |n_common, word| {
            let common = first.chars().zip(word.chars()).take_while(|(left, right)| left == right);
            n_common.min(common.count())
        });
        let n_typed = self.cursor;
        for letter in first.chars().take(n_common).skip(n_typed) {
            self.line.insert(self.cursor, letter);
            self.cursor += 1;
        }
        if rest.is_empty() {
            if self.cursor == self.line.len() {
                self.line.push(' ');
                self.cursor += 1;
            }
            return Step::Typing;
        }
        if self.cursor > n_typed {
            return Step::Typing;
        }
        Step::Choices(choices.into_iter().cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types a line of keys: `<` is the left arrow, `>` the right, `^` up, `v` down, `#` backspace, `!`
    /// delete, `|` a tab, `[` home, `]` the end. Returns what is seen, with `_` at the cursor.
    fn typed(editor: &mut LineEditor, keys: &str) -> String {
        let words: Vec<_> = ["count", "count_vowels", "echo", "ünit"].map(str::to_owned).into();
        for key in keys.chars() {
            editor.press(&key_of(key), &words);
        }
        let (text, cursor) = editor.window(80);
        let (before, after): (String, String) =
            (text.chars().take(cursor).collect(), text.chars().skip(cursor).collect());
        format!("{before}_{after}")
    }

    fn key_of(key: char) -> Key {
        match key {
            '<' => Key::ArrowLeft,
            '>' => Key::ArrowRight,
            '^' => Key::ArrowUp,
            'v' => Key::ArrowDown,
            '#' => Key::Backspace,
            '!' => Key::Del,
            '|' => Key::Tab,
            '[' => Key::Home,
            ']' => Key::End,
            letter => Key::Char(letter),
        }
    }

    #[test]
    fn keys_change_the_line() {
        let rows = [
            ("abc", "abc_"),
            ("abc<<x", "ax_bc"),
            ("ab[#!c", "c_b"),
            ("ab<<<<>>>>", "ab_"),
            ("äö<ü", "äü_ö"),
            ("ab#", "a_"),
            ("ab[c]d", "cabd_"),
            ("abc<<\u{b}", "a_"),
            ("abc<<\u{15}", "_bc"),
            ("a\u{1}b", "ab_"),
        ];
        for (keys, line) in rows {
            assert_eq!(typed(&mut LineEditor::default(), keys), line, "{keys:?}");
        }
    }

    #[test]
    fn the_history_comes_back_and_so_does_the_new_line() {
        let mut editor = LineEditor::new(["one", "two"].map(str::to_owned).into());
        let rows = [
            ("new", "new_"),
            ("^", "two_"),
            ("^", "one_"),
            ("^", "one_"),
            ("v", "two_"),
            ("v", "new_"),
            ("v", "new_"),
        ];
        for (keys, line) in rows {
            assert_eq!(typed(&mut editor, keys), line, "{keys}");
        }
        assert_eq!(editor.press(&Key::Enter, &[]), Step::Line("new".to_owned()));
        assert_eq!(editor.history(), ["one", "two", "new"]);
        typed(&mut editor, "new");
        editor.press(&Key::Enter, &[]);
        typed(&mut editor, "  ");
        editor.press(&Key::Enter, &[]);
        assert_eq!(editor.history(), ["one", "two", "new"], "neither twice nor empty");
    }

    #[test]
    fn the_oldest_line_is_forgotten() {
        let mut editor = LineEditor::new((0..HISTORY_LIMIT).map(|idx| idx.to_string()).collect());
        typed(&mut editor, "last");
        editor.press(&Key::Enter, &[]);
        assert_eq!(editor.history().len(), HISTORY_LIMIT);
        assert_eq!(editor.history()[0], "1");
    }

    #[test]
    fn a_tab_completes_as_far_as_all_agree() {
        let rows = [
            ("e|", "echo _"),
            ("ü|", "ünit _"),
            ("c|", "count_"),
            ("count_|", "count_vowels _"),
            ("x|", "x_"),
            ("echo c|", "echo c_"),
            ("echo[|", "_echo"),
        ];
        for (keys, line) in rows {
            assert_eq!(typed(&mut LineEditor::default(), keys), line, "{keys}");
        }
        let mut editor = LineEditor::default();
        editor.press(&Key::Tab, &["\u{1b}[2J".to_owned()]);
        assert_eq!(editor.window(80), ("\u{fffd}[2J ".to_owned(), 5));
        let words: Vec<_> = ["count", "count_vowels"].map(str::to_owned).into();
        let mut editor = LineEditor::default();
        typed(&mut editor, "count");
        assert_eq!(editor.press(&Key::Tab, &words), Step::Choices(words.clone()));
    }

    #[test]
    fn a_line_is_given_up_before_all_is() {
        let mut editor = LineEditor::default();
        typed(&mut editor, "abc");
        assert_eq!(editor.press(&Key::CtrlC, &[]), Step::GivenUp);
        assert_eq!(editor.press(&Key::CtrlC, &[]), Step::End);
        assert_eq!(editor.press(&Key::Char('\u{4}'), &[]), Step::End);
    }

    #[test]
    fn long_lines_are_seen_around_the_cursor() {
        let mut editor = LineEditor::default();
        typed(&mut editor, "0123456789");
        assert_eq!(editor.window(4), ("789".to_owned(), 3));
        typed(&mut editor, "[");
        assert_eq!(editor.window(4), ("0123".to_owned(), 0));
        assert_eq!(editor.window(0), ("0".to_owned(), 0));
    }
}
