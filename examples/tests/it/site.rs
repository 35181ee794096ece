//! The content system: what a chain makes of pages, and what a bad plug-in or page does not spoil.

use std::{fs, path::PathBuf};

use crate::{
    program::{self, Ran, check_refusals, empty_folder, file},
    text_guest::answering,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_site");

/// Gives the document back that it got.
const SAME: &str = r#"(func (export "transform")
    (call $output_set (call $input_offset) (call $input_length)))"#;

/// A site of its own for one test.
struct Site(PathBuf);

impl Site {
    /// With pages and plug-ins, manifests and modules, by file name.
    fn new(name: &str, pages: &[(&str, &str)], plugins: &[(&str, &str)]) -> Self {
        let root = empty_folder(&format!("site_{name}"));
        for (folder, files) in [("pages", pages), ("plugins", plugins)] {
            file(&format!("site_{name}/{folder}/README"), "No page and no manifest.");
            for (file_name, text) in files {
                file(&format!("site_{name}/{folder}/{file_name}"), text);
            }
        }
        Self(root)
    }

    fn publish(&self, flags: &[&str]) -> Ran {
        program::run(PROGRAM, &[flags, &[&*self.0.to_string_lossy()]].concat())
    }

    /// Publishes into a folder; the text of each page by name, and what was printed.
    fn publish_to_files(&self) -> (Vec<(String, String)>, Ran) {
        let out = self.0.join("out");
        let ran = self.publish(&["--out", &out.to_string_lossy()]);
        let mut pages: Vec<_> = fs::read_dir(out)
            .into_iter()
            .flatten()
            .map(|entry| {
                let path = entry.expect("the folder can be read").path();
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                (name, fs::read_to_string(path).expect("a page is text"))
            })
            .collect();
        pages.sort();
        (pages, ran)
    }
}

fn manifest(module: &str, config: &str) -> String {
    format!("[[wasm]]\npath = \"{module}\"\n[config]\n{config}\n")
}

/// A plug-in that answers every page with the same document.
fn fixed(document: &str) -> String {
    answering(&[("transform", document)], "")
}

#[test]
fn the_tour_prints_what_it_should() {
    let ran = program::run(PROGRAM, &[]);
    let expected = include_str!("../../hosts/site/expected.txt");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (expected, ""));
    assert_eq!(ran.status, Some(0));
}

#[test]
fn plug_ins_work_in_the_order_of_their_names() {
    // A heading that comes from a shortcode is in the contents only if shortcodes come first.
    let pages = [("a.md", "[[contents]]\n{{h One}}\n")];
    let shortcodes = manifest("site_shortcodes.wasm", "\"shortcode.h\" = \"## $1\"");
    let contents = manifest("site_contents.wasm", "");
    let rows =
        [(["1.toml", "2.toml"], "- [One](#one)\n## One\n"), (["2.toml", "1.toml"], "\n## One\n")];
    for (idx, ([first, second], expected)) in rows.into_iter().enumerate() {
        let plugins = [(first, &*shortcodes), (second, &*contents)];
        let site = Site::new(&format!("order_{idx}"), &pages, &plugins);
        let (made, ran) = site.publish_to_files();
        assert_eq!(made, [("a.md".to_owned(), expected.to_owned())], "{}", ran.stdout);
        assert_eq!(ran.status, Some(0));
    }
}

#[test]
fn pages_without_plug_ins_stay_as_they_are() {
    let texts = ["", "text", "---\nb: 2: ü\nc:\n---\n\n--- text\n", "--- no front matter\n"];
    let names = ["a.md", "b.md", "c.md", "d.md"];
    let pages: Vec<_> = names.into_iter().zip(texts).collect();
    let (made, ran) = Site::new("plain", &pages, &[]).publish_to_files();
    let made: Vec<_> = made.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let expected = [
        ("a.md", texts[0]),
        ("b.md", texts[1]),
        ("c.md", "---\nb: 2: ü\nc: \n---\n\n--- text\n"),
        ("d.md", texts[3]),
    ];
    assert_eq!(made, expected, "{}", ran.stdout);
}

#[test]
fn pages_that_cannot_be_read_spoil_no_other() {
    let pages = [
        ("again.md", "---\na: 1\na: 2\n---\n"),
        ("good.md", "good"),
        ("line.md", "---\ntitle\n---\n"),
        ("open.md", "---\ntitle: open\n"),
    ];
    let site = Site::new("bad_pages", &pages, &[]);
    fs::write(site.0.join("pages/latin1.md"), b"caf\xe9").expect("the site can be written");
    let (made, ran) = site.publish_to_files();
    assert_eq!(made, [("good.md".to_owned(), "good".to_owned())]);
    for words in [
        "again.md is not published: line 2 of the front matter gives `a` again",
        "latin1.md is not published: ",
        "line.md is not published: line 1 of the front matter has no `:`",
        "open.md is not published: the front matter does not end: `---` is missing",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    assert_eq!(ran.status, Some(1));
}

#[test]
fn a_plug_in_that_fails_fails_its_page_alone() {
    let page = |meta: &str| format!(r#"{{"path":"../../up.md","meta":{{{meta}}},"body":""}}"#);
    let endless = r#"(module (func (export "transform") (loop $again (br $again))))"#;
    let rows = [
        (endless.to_owned(), "1: call ran past its limit of 500ms"),
        (
            r#"(module (func (export "transform") unreachable))"#.to_owned(),
            "1: `transform` trapped",
        ),
        (fixed("no document"), "1: cannot decode the output of `transform`"),
        (fixed(&page(r#""a\nb":"c""#)), "1: `a\\nb` of the front matter does not fit on a line"),
        (fixed(&page(r#""a":"b\n---""#)), "1: `a` of the front matter does not fit on a line"),
        (fixed(&page(r#""---":"""#)), "1: `---` of the front matter does not fit on a line"),
    ];
    for (idx, (module, words)) in rows.iter().enumerate() {
        let plugins = [("1.toml", &*manifest("1.wat", "")), ("1.wat", module.as_str())];
        let pages = [("a.md", "a"), ("b.md", "b")];
        let (made, ran) = Site::new(&format!("fails_{idx}"), &pages, &plugins).publish_to_files();
        assert_eq!(made, []);
        for name in ["a.md", "b.md"] {
            let line = format!("{name} is not published: {words}");
            assert!(ran.stdout.contains(&line), "{line}: {}", ran.stdout);
        }
        assert_eq!(ran.status, Some(1));
    }
}

#[test]
fn a_plug_in_does_not_decide_where_a_page_goes() {
    let elsewhere = fixed(r#"{"path":"../up.md","meta":{},"body":"moved"}"#);
    let plugins = [("1.toml", &*manifest("1.wat", "")), ("1.wat", &elsewhere)];
    let site = Site::new("elsewhere", &[("a.md", "a")], &plugins);
    let (made, ran) = site.publish_to_files();
    assert_eq!(made, [("a.md".to_owned(), "moved".to_owned())], "{}", ran.stdout);
    assert!(!site.0.join("up.md").exists());
}

#[test]
fn what_a_manifest_does_not_grant_is_refused() {
    let pages = [("a.md", "[b](b.md)"), ("b.md", "[c](c.md)")];
    let rows = [
        ("may = \"pages\"", "WARN 1: b.md: no page `c.md`", "[b](/b/)"),
        ("", "1 is left out: module `main` imports `extism:host/user::has_page`", "[b](b.md)"),
        (
            "may = \"all\"",
            "1 is left out: the manifest grants `all`; there is `pages`",
            "[b](b.md)",
        ),
    ];
    for (idx, (config, words, expected)) in rows.into_iter().enumerate() {
        let plugins = [
            ("1.toml", &*manifest("site_links.wasm", config)),
            ("2.toml", &manifest("2.wat", "")),
            ("2.wat", &answering(&[], SAME)),
        ];
        let (made, ran) = Site::new(&format!("grants_{idx}"), &pages, &plugins).publish_to_files();
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
        assert_eq!(made[0], ("a.md".to_owned(), expected.to_owned()));
    }
}

#[test]
fn plug_ins_that_are_none_are_left_out() {
    let plugins = [("1.toml", "wasm"), ("2.toml", &*manifest("2.wat", "")), ("2.wat", "(module)")];
    let ran = Site::new("none", &[("a.md", "a")], &plugins).publish(&[]);
    for words in [
        "\n1 is left out: line 1",
        "\n2 is left out: the plug-in exports no `transform`\n-- a.md\na\n\n",
    ] {
        assert!(ran.stdout.contains(words), "{words}: {}", ran.stdout);
    }
    assert_eq!(ran.status, Some(0));
}

#[test]
fn variables_have_the_limit_of_the_manifest() {
    let page = [("a.md", "[[contents]]\n## One\n")];
    for (limit, is_published) in [(0, false), (60, false), (600, true)] {
        let text =
            format!("memory.max_var_bytes = {limit}\n{}", manifest("site_contents.wasm", ""));
        let site = Site::new(&format!("vars_{limit}"), &page, &[("1.toml", &text)]);
        let ran = site.publish(&["--twice"]);
        assert_eq!(ran.status, Some(i32::from(!is_published)), "{limit}: {}", ran.stdout);
        let known = ran.stdout.ends_with("-- once more\nINFO 1: a.md: the contents are known\n\n");
        assert_eq!(known, is_published, "{}", ran.stdout);
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    check_refusals(
        PROGRAM,
        &[
            (&["--output", "x"], "no flag `--output`"),
            (&["--out"], "`--out` needs a folder"),
            (&["--twice"], "no site is given"),
        ],
    );
    let ran = program::run(PROGRAM, &["nowhere"]);
    assert!(ran.stderr.starts_with("error: reading the pages `nowhere"), "{}", ran.stderr);
    assert_eq!(ran.status, Some(2));
}
