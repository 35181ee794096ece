//! Holds `SECURITY.md` to what there is: its attacks to the rows, its defaults to the code, the tests that
//! it names to the tests.

use std::{collections::HashSet, fmt::Write as _, fs, path::Path};

use plugsmith::{CallLimits, ModuleLimits};

use crate::{
    attack::Attack, capabilities, code, compile, kernel, modules, outcomes, resources, wasi, web,
};

const SECURITY: &str = include_str!("../../../SECURITY.md");

/// The fewest attacks that are worth the name of a suite.
const FEWEST: usize = 150;

/// The attacks by subject.
fn subjects() -> Vec<(&'static str, Vec<Attack>)> {
    vec![
        ("Exchange memory: loads and stores", kernel::loads_and_stores()),
        ("Exchange memory: blocks", kernel::blocks()),
        ("Exchange memory: input, output, error", kernel::registers()),
        ("Variables", capabilities::vars()),
        ("Configuration", capabilities::config()),
        ("Log", capabilities::logs()),
        ("HTTP: requests", web::requests()),
        ("HTTP: answers", web::answers::answers()),
        ("The system interface: paths", wasi::paths()),
        ("The system interface: descriptors", wasi::descriptors::descriptors()),
        ("The system interface: the rest", wasi::system::system()),
        ("Memory", resources::memory()),
        ("Tables", resources::tables()),
        ("Stack and fuel", resources::stack()),
        ("Time", resources::time()),
        ("Traps", code::trapping()),
        ("Tricks with the kernel inside a module", code::fused()),
        ("Broken modules", modules::malformed()),
        ("Names and imports", modules::names()),
        ("Several modules", modules::sides()),
        ("Compiling", compile::bombs()),
        ("Compiling: startup", compile::startup::startups()),
        ("Errors and outputs", outcomes::errors()),
    ]
}

/// Returns the text between two marks.
fn section(name: &str) -> &'static str {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (_, rest) = SECURITY.split_once(start.as_str()).unwrap();
    rest.split_once(end.as_str()).unwrap().0
}

/// Compares a section with what it should be. That is then in a file, to be copied.
fn assert_section(name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.md"));
    fs::write(&path, expected).unwrap();
    assert!(
        section(name) == expected,
        "`{name}` of SECURITY.md should be as in {}",
        path.display()
    );
}

/// Writes text into a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn the_table_of_attacks_is_that_of_the_rows() {
    let mut text = String::new();
    for (subject, attacks) in subjects() {
        writeln!(text, "\n### {subject}\n\n| attack | what it tries | what comes of it |").unwrap();
        text.push_str("| --- | --- | --- |\n");
        for Attack { name, tries, ends, .. } in &attacks {
            writeln!(text, "| {} | {} | {} |", cell(name), cell(tries), cell(&ends.to_string()))
                .unwrap();
        }
    }
    text.push('\n');
    assert_section("attacks", &text);
}

#[test]
fn attacks_are_many_and_each_has_a_name_of_its_own() {
    let attacks: Vec<Attack> = subjects().into_iter().flat_map(|(_, attacks)| attacks).collect();
    let names: HashSet<&str> = attacks.iter().map(|attack| attack.name).collect();
    assert_eq!(names.len(), attacks.len());
    assert!(attacks.len() >= FEWEST, "{} attacks", attacks.len());
    let told = format!("{} attacks", attacks.len());
    assert!(SECURITY.contains(&told), "SECURITY.md should say that there are {told}");
}

#[test]
fn the_defaults_are_those_of_the_code() {
    let call = CallLimits::default();
    let module = ModuleLimits::default();
    let seconds = call.time.map(|time| time.as_secs());
    let rows = [
        ("CallLimits::time", seconds, "seconds"),
        ("CallLimits::memory_pages", call.memory_pages.map(u64::from), "pages of 64 KiB"),
        ("CallLimits::table_elements", Some(call.table_elements), "elements"),
        ("CallLimits::log_bytes", call.log_bytes, "bytes"),
        ("CallLimits::http_requests", call.http_requests, "requests"),
        ("CallLimits::http_bytes", call.http_bytes, "bytes"),
        ("CallLimits::open_files", call.open_files.map(u64::from), "descriptors"),
        ("ModuleLimits::bytes", module.bytes, "bytes"),
        ("ModuleLimits::functions", module.functions, "functions"),
        ("ModuleLimits::items", module.items, "declarations"),
        ("ModuleLimits::locals", module.locals, "locals"),
        ("ModuleLimits::nesting", module.nesting, "blocks"),
        ("ModuleLimits::loop_nesting", module.loop_nesting, "loops"),
        ("ModuleLimits::function_work", module.function_work, "units"),
        ("ModuleLimits::work", module.work, "units"),
    ];
    let mut text = "| limit | default |\n| --- | ---: |\n".to_owned();
    for (name, value, unit) in rows {
        writeln!(text, "| `{name}` | {} {unit} |", value.unwrap()).unwrap();
    }
    assert_section("defaults", &text);
}

#[test]
fn the_tests_that_are_named_exist() {
    let runtime = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Every other piece is between backticks.
    let quoted = section("promises").split('`').skip(1).step_by(2);
    let named: Vec<&str> = quoted.filter(|text| text.starts_with("test ")).collect();
    assert!(named.len() >= 15, "{named:?}");
    for text in named {
        let path = text.trim_start_matches("test ");
        let (module, test) = path.rsplit_once("::").unwrap();
        let file = module.replace("::", "/");
        let places = ["tests", "src"].map(|folder| runtime.join(folder).join(format!("{file}.rs")));
        let source = places.iter().find_map(|place| fs::read_to_string(place).ok());
        let source = source.unwrap_or_else(|| panic!("no file for {path}"));
        assert!(
            source.contains(&format!("#[test]\nfn {test}()"))
                || source.contains(&format!("    fn {test}()")),
            "no {path}"
        );
    }
}
