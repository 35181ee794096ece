//! The macros against whole programs: those that must compile, and those that must not, with the
//! messages that say why.

#[test]
fn right_uses_compile_and_wrong_ones_say_why() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
