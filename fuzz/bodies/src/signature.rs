//! Keys and signatures of modules: what is made is read again as it was, a section more goes not unseen, and
//! nobody counts as a signer who is none.

use std::sync::LazyLock;

use plugsmith_signature::{
    FormatError, KeyMistake, ModuleError, PublicKey, SecretKey, SignError, VerifyError,
    claimed_signers, sign, sign_detached, verify, verify_detached, without_signatures,
};

/// The module that files of signatures are tried with.
const EMPTY: &[u8] = b"\0asm\x01\0\0\0";

/// A custom section without a name, to change a module with.
const SECTION: &[u8] = b"\0\x01\0";

/// The key that the corpus is signed with, which RFC 8410 has as its example (10.3).
static KEY: LazyLock<SecretKey> = LazyLock::new(|| {
    let pem = "-----BEGIN PRIVATE KEY-----\n\
               MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
               -----END PRIVATE KEY-----\n";
    SecretKey::parse(pem.as_bytes()).expect("it is one")
});

/// A key that nothing is signed with, as the tool conventions have it: RFC 8032, 7.1, test 1.
const STRANGER: [u8; 33] = [
    0x01, // It is a public one.
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
];

static STRANGERS: LazyLock<[PublicKey; 1]> =
    LazyLock::new(|| [PublicKey::parse(&STRANGER).expect("it is one")]);

/// Tries the bytes as keys, as a module, and as a file of signatures.
///
/// # Panics
///
/// If a key or a signature that was made is not read again as it was, if a changed module counts as signed, or
/// a stranger as its signer.
pub fn try_bytes(bytes: &[u8]) -> bool {
    // All three, whatever the others come to.
    try_keys(bytes) | try_module(bytes) | try_signatures(bytes)
}

fn try_keys(bytes: &[u8]) -> bool {
    let public = PublicKey::parse(bytes);
    if let Ok(public) = &public {
        let line = public.to_openssh("a comment");
        assert_eq!(PublicKey::parse(line.as_bytes()).as_ref(), Ok(public), "{line}");
    }
    let secret = SecretKey::parse(bytes);
    if let Ok(secret) = &secret {
        let again = SecretKey::parse(secret.to_openssh("a comment").as_bytes());
        let again = again.expect("it was just written");
        assert_eq!(again.public_key(), secret.public_key());
    }
    let mistakes = public.as_ref().err().into_iter().chain(secret.as_ref().err());
    mistakes.for_each(|mistake| assert!(!mistake.to_string().is_empty()));
    // Keys that are damaged, or are of another kind, are of use, too.
    public != Err(KeyMistake::Unknown)
}

fn try_module(bytes: &[u8]) -> bool {
    let public = [KEY.public_key()];
    let signed = match sign(bytes, &KEY) {
        Ok(signed) => signed,
        Err(SignError::Module(err)) => {
            assert_eq!(verify(bytes, &public), Err(VerifyError::Module(err.clone())));
            let is_module = !matches!(err, ModuleError::NotModule { .. });
            assert_eq!(without_signatures(bytes), Err(err));
            return is_module;
        }
        // The signatures that are there are in the way: without them the same module can be signed.
        Err(err) => {
            assert!(!err.to_string().is_empty());
            let unsigned = without_signatures(bytes).expect("it is a module");
            assert_eq!(verify(&unsigned, &public), Err(VerifyError::Unsigned));
            sign(&unsigned, &KEY).expect("nothing is in the way")
        }
    };
    assert_eq!(verify(&signed, &public).as_deref(), Ok(&[&public[0]][..]));
    assert!(verify(&signed, &*STRANGERS).is_err());
    assert!(!claimed_signers(&signed).expect("it is signed").is_empty());
    assert_eq!(sign(&signed, &KEY).as_ref(), Ok(&signed), "once more changes nothing");
    assert_eq!(without_signatures(&signed), without_signatures(bytes));
    let changed = [&signed, SECTION].concat();
    match verify(&changed, &public) {
        Err(VerifyError::Changed { .. }) => {
            assert_eq!(sign(&changed, &KEY), Err(SignError::Stale));
        }
        // It had as many parts as a module may have, the last of them empty.
        Err(VerifyError::Module(ModuleError::TooManyParts { .. })) => {}
        outcome => panic!("{outcome:?}"),
    }

    let beside = sign_detached(bytes, None, &KEY).expect("what is inside does not count");
    assert_eq!(verify_detached(bytes, &beside, &public).as_deref(), Ok(&[&public[0]][..]));
    true
}

fn try_signatures(bytes: &[u8]) -> bool {
    let public = [KEY.public_key()];
    assert!(verify_detached(EMPTY, bytes, &*STRANGERS).is_err());
    match sign_detached(EMPTY, Some(bytes), &KEY) {
        Ok(all) => {
            assert_eq!(verify_detached(EMPTY, &all, &public).as_deref(), Ok(&[&public[0]][..]));
            assert_eq!(sign_detached(EMPTY, Some(&all), &KEY).as_ref(), Ok(&all));
            true
        }
        Err(err) => {
            assert!(verify_detached(EMPTY, bytes, &public).is_err(), "{err}");
            !matches!(err, SignError::Format(FormatError::Unsupported { .. }))
        }
    }
}
