//! ISBNs: the number of a book, whose last digit checks the others.

use plugsmith_pdk::{Error, FnResult, Json, plugin_fn};

use crate::blob::Blob;

const N_DIGITS: usize = 13;

/// Says whether a text is an ISBN; NULL for NULL.
///
/// # Errors
///
/// None.
#[plugin_fn]
pub fn isbn_ok(Json((isbn,)): Json<(Option<String>,)>) -> FnResult<Json<Option<bool>>> {
    Ok(Json(isbn.map(|isbn| digits(&isbn).is_some())))
}

/// Packs an ISBN into seven bytes, two digits in each but the first.
///
/// # Errors
///
/// If the text is no ISBN.
#[plugin_fn]
pub fn isbn_packed(Json((isbn,)): Json<(String,)>) -> FnResult<Json<Blob>> {
    let Some([first, rest @ ..]) = digits(&isbn) else {
        return Err(Error::msg(format!("`{isbn}` is no ISBN")).into());
    };
    let pairs = rest.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]);
    Ok(Json(Blob([first].into_iter().chain(pairs).collect())))
}

/// The digits of an ISBN, if it is one. Hyphens may stand anywhere.
fn digits(isbn: &str) -> Option<[u8; N_DIGITS]> {
    let digit = |c: char| c.to_digit(10).and_then(|digit| u8::try_from(digit).ok());
    let digits: Option<Vec<u8>> = isbn.chars().filter(|c| *c != '-').map(digit).collect();
    let digits: [u8; N_DIGITS] = digits?.try_into().ok()?;
    let weights = [1, 3].into_iter().cycle();
    let sum: u8 = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
    (sum % 10 == 0).then_some(digits)
}

#[cfg(test)]
mod tests {
    use plugsmith_pdk::testing::MockHost;

    use super::*;

    #[test]
    fn the_last_digit_decides() {
        let rows = [
            (r#"["978-0-261-10221-7"]"#, "true"),
            (r#"["9780261102217"]"#, "true"),
            (r#"["978-0-261-10221-8"]"#, "false"),
            (r#"["978-0-261-10221"]"#, "false"),
            (r#"["978-0-261-10221-X"]"#, "false"),
            (r#"[""]"#, "false"),
            ("[null]", "null"),
        ];
        for (arguments, value) in rows {
            let outcome = MockHost::new().call(arguments, isbn_ok);
            assert_eq!(outcome.output, value.as_bytes(), "{arguments}");
        }
    }

    #[test]
    fn an_isbn_is_seven_bytes() {
        let host = MockHost::new();
        let Json(Blob(bytes)) =
            isbn_packed(Json(("978-0-261-10221-7".to_owned(),))).map_err(|err| err.0).unwrap();
        assert_eq!(bytes, [0x09, 0x78, 0x02, 0x61, 0x10, 0x22, 0x17]);
        let message = host.call(r#"["5"]"#, isbn_packed).error.unwrap();
        assert!(message.starts_with("`5` is no ISBN"), "{message}");
    }

    #[test]
    fn arguments_of_another_type_are_refused() {
        for arguments in ["[5]", "[]", r#"["a","b"]"#, r#"[{"blob":""}]"#, ""] {
            let outcome = MockHost::new().call(arguments, isbn_ok);
            assert_eq!((outcome.status, outcome.error.is_some()), (-1, true), "{arguments}");
        }
    }
}
