//! What other tools have signed, and what forgers try.

use proptest::prelude::*;

use super::*;
use crate::{
    key::SecretKey,
    reader::{put_number, put_prefixed},
    sign::{sign, sign_detached},
};

/// Exports a function `ping`, and has a note.
const MODULE: &[u8] = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x07\x08\x01\x04ping\0\0\
    \x0a\x04\x01\x02\0\x0b\0\x06\x04notea";

fn secret(number: u8) -> SecretKey {
    SecretKey::from_seed(&[number; 32])
}

fn public(number: u8) -> PublicKey {
    secret(number).public_key()
}

fn signed() -> Vec<u8> {
    sign(MODULE, &secret(1)).unwrap()
}

/// A module whose section of signatures holds these bytes.
fn with_signatures(signatures: &[u8]) -> Vec<u8> {
    Module::parse(MODULE).unwrap().signed(signatures)
}

/// What the section of signatures holds.
fn signatures_of(wasm: &[u8]) -> Vec<u8> {
    Module::parse(wasm).unwrap().signatures().unwrap().to_vec()
}

#[track_caller]
fn check_refused(wasm: &[u8], expected: &VerifyError) {
    assert_eq!(verify(wasm, &[public(1)]).as_ref(), Err(expected));
}

fn changed() -> VerifyError {
    VerifyError::Changed { key_id: public(1).id() }
}

fn untrusted(numbers: &[u8]) -> VerifyError {
    VerifyError::Untrusted { key_ids: numbers.iter().map(|number| public(*number).id()).collect() }
}

/// What wasmsign2 0.2.8 makes with the key of the seed 0, 1, … 31.
mod wasmsign2 {
    pub(super) const MODULE: &str = "0061736d010000000104016000000302010007080104\
        70696e6700000a040102000b";
    pub(super) const SIGNED: &str = "0061736d01000000008101097369676e6174757265010101017201\
        4ed3b14c7ac54630e1ace6397b1d5d08985ce5349d134523e69393f7b3625b4f014f0ca87b10d4934d3a0463\
        3a3faf0140b52d6deee9e45ebcddb5b80b45b93b923d5ec8b3515262da44d7660f44febcf314f95b7a6d7a9d\
        ea722dbbfa1b66ae82cc08e0022023bd096892e46388131d0a010401600000030201000708010470696e6700\
        000a040102000b";
    /// With a delimiter behind the types, and one at the end.
    pub(super) const IN_PARTS: &str = "0061736d0100000000a201097369676e6174757265010101019201\
        020f3ffb5f915cbfdebba9ce237a219cfb754ea72c3eefdc3d4d5d2625d06dcce4dd4390eb03a78896d92962\
        ef8986394056940a7d2299f38aecd9baf4fe6612ea014f0ca87b10d4934d3a04633a3faf01402f165ff2bbe3\
        1079dc399c8d99f574dbfb13d7e8250ccde616bd6d5160905d84f69d9e9e707e9eb6622cf1234ef82acb7bfc\
        468113396b04470c108cff917e050104016000000024137369676e61747572655f64656c696d697465726fb4\
        180f38dc8c34ddcfffbe624c0bcc0006046e6f7465610024137369676e61747572655f64656c696d69746572\
        3d8c20f86d1e2df893f5dde802e106be";
    pub(super) const KEY_ID: &str = "a87b10d4934d3a04633a3faf";
    /// Of the last section, which is the delimiter at the end, and of the two last.
    pub(super) const DELIMITER_LEN: usize = 38;
    pub(super) const NOTE_LEN: usize = 8;
}

fn from_hex(text: &str) -> Vec<u8> {
    let digit = |idx| u8::from_str_radix(&text[idx..idx + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

#[test]
fn other_tools_and_this_one_make_the_same() {
    let seed: [u8; 32] = std::array::from_fn(|idx| u8::try_from(idx).unwrap());
    let key = SecretKey::from_seed(&seed);
    assert_eq!(key.public_key().id().to_string(), wasmsign2::KEY_ID);
    let module = from_hex(wasmsign2::MODULE);
    assert_eq!(sign(&module, &key).unwrap(), from_hex(wasmsign2::SIGNED));
    // A module that is signed already, in parts, is signed part by part.
    let in_parts = from_hex(wasmsign2::IN_PARTS);
    let unsigned = crate::sign::without_signatures(&in_parts).unwrap();
    assert_eq!(sign(&unsigned, &key).unwrap(), in_parts);
    assert_eq!(verify(&in_parts, &[key.public_key()]).unwrap(), [&key.public_key()]);
}

#[test]
fn a_part_is_not_the_whole() {
    let in_parts = from_hex(wasmsign2::IN_PARTS);
    let seed: [u8; 32] = std::array::from_fn(|idx| u8::try_from(idx).unwrap());
    let key = SecretKey::from_seed(&seed).public_key();
    let first_part = in_parts.len() - wasmsign2::DELIMITER_LEN - wasmsign2::NOTE_LEN;
    let one_more = [&in_parts[..], b"\0\x06\x04notea"].concat();
    let without_end = &in_parts[..in_parts.len() - wasmsign2::DELIMITER_LEN];
    for wasm in [&in_parts[..first_part], without_end, &one_more] {
        assert_eq!(verify(wasm, &[key]), Err(VerifyError::Changed { key_id: key.id() }));
    }
}

#[test]
fn keys_that_signed_are_returned_in_order_and_once() {
    let both = sign(&signed(), &secret(2)).unwrap();
    let rows: [(&[u8], &[u8]); 5] = [
        (&[1], &[1]),
        (&[2, 1], &[2, 1]),
        (&[1, 1, 2, 1], &[1, 2]),
        (&[3, 2], &[2]),
        (&[3, 1], &[1]),
    ];
    for (trusted, expected) in rows {
        let trusted: Vec<_> = trusted.iter().map(|number| public(*number)).collect();
        let signers: Vec<_> = verify(&both, &trusted).unwrap().into_iter().copied().collect();
        assert_eq!(signers, expected.iter().map(|number| public(*number)).collect::<Vec<_>>());
    }
    assert_eq!(verify(&both, &[public(3)]), Err(untrusted(&[1, 2])));
    assert_eq!(verify(&both, &[]), Err(VerifyError::NoKeys));
    assert_eq!(claimed_signers(&both).unwrap(), [public(1).id(), public(2).id()]);
}

#[test]
fn what_is_not_signed_is_refused() {
    check_refused(MODULE, &VerifyError::Unsigned);
    check_refused(&with_signatures(b"\x01\x01\x01\0"), &VerifyError::Unsigned);
    check_refused(&sign(MODULE, &secret(2)).unwrap(), &untrusted(&[2]));
    let not_module = ModuleError::NotModule { start: "(module)".to_owned() };
    check_refused(b"(module)", &VerifyError::Module(not_module.clone()));
    assert_eq!(claimed_signers(b"(module)"), Err(VerifyError::Module(not_module)));
    assert_eq!(claimed_signers(MODULE), Err(VerifyError::Unsigned));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let signed = signed();
    let trusted = [public(1)];
    let key_id = trusted[0].id();
    let id = signed.windows(12).position(|window| window == key_id.as_bytes()).unwrap();
    for byte in 0..signed.len() {
        for bit in 0..8 {
            let mut flipped = signed.clone();
            flipped[byte] ^= 1 << bit;
            // What a signature says of its key is not believed, and not signed either.
            let is_harmless = (id..id + 12).contains(&byte);
            let verdict = verify(&flipped, &trusted);
            assert_eq!(verdict.is_ok(), is_harmless, "byte {byte}, bit {bit}: {verdict:?}");
        }
    }
}

#[test]
fn every_lost_or_added_byte_is_noticed() {
    let signed = signed();
    for at in 0..signed.len() {
        assert!(verify(&signed[..at], &[public(1)]).is_err(), "cut off at {at}");
        let mut less = signed.clone();
        less.remove(at);
        // Within a run of the same bytes, it does not matter which is lost.
        assert!(verify(&less, &[public(1)]).is_err(), "without byte {at}");
        let mut more = signed.clone();
        more.insert(at, 0);
        assert!(verify(&more, &[public(1)]).is_err(), "with a byte at {at}");
    }
    assert!(verify(&[&signed[..], b"\0"].concat(), &[public(1)]).is_err());
}

#[test]
fn sections_stay_where_they_are() {
    let signed = signed();
    let section = &signed[8..signed.len() - (MODULE.len() - 8)];
    let (content, note) = MODULE[8..].split_at(MODULE.len() - 16);
    let magic = &MODULE[..8];
    let misplaced = |offset| VerifyError::Module(ModuleError::Misplaced { offset });
    let rows: [(&[&[u8]], VerifyError); 7] = [
        (&[magic, section, content, note, note], changed()),
        (&[magic, section, note, content], changed()),
        (&[magic, section, content], changed()),
        (&[magic, section], changed()),
        (&[magic, content, note, section], misplaced(MODULE.len())),
        (&[magic, section, section, content, note], misplaced(8 + section.len())),
        (&[magic, section, content, note, section], misplaced(signed.len())),
    ];
    assert!(verify(&[magic, section, content, note].concat(), &[public(1)]).is_ok());
    for (parts, expected) in rows {
        check_refused(&parts.concat(), &expected);
    }
}

#[test]
fn the_signature_of_another_module_is_none() {
    let other = b"\0asm\x01\0\0\0";
    let signatures = signatures_of(&sign(other, &secret(1)).unwrap());
    check_refused(&with_signatures(&signatures), &changed());
    // The hashes of this module, under the signature of the other one.
    let mut mixed = signatures_of(&signed());
    let len = mixed.len();
    mixed[len - 64..].copy_from_slice(&signatures[signatures.len() - 64..]);
    check_refused(&with_signatures(&mixed), &untrusted(&[1]));
    assert!(verify_detached(MODULE, &signatures, &[public(1)]).is_err());
    // A key signs texts, too, and anybody may choose them.
    let bare = secret(1).sign(&Module::parse(MODULE).unwrap().hashes());
    mixed[len - 64..].copy_from_slice(&bare);
    check_refused(&with_signatures(&mixed), &untrusted(&[1]));
}

#[test]
fn a_component_is_not_the_module_of_the_same_sections() {
    let mut component = signed();
    component[4..8].copy_from_slice(b"\x0d\0\x01\0");
    assert!(matches!(
        verify(&component, &[public(1)]),
        Err(VerifyError::Module(ModuleError::NotModule { .. }))
    ));
}

#[test]
fn a_signature_has_one_form() {
    /// The order of the group, by which a number is the same as a larger one.
    const ORDER: [u8; 32] = *b"\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14\
        \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10";
    let mut signatures = signatures_of(&signed());
    let start = signatures.len() - 32;
    let mut carry = 0;
    for (byte, order) in signatures[start..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (u8::try_from(sum & 0xff).unwrap(), sum >> 8);
    }
    check_refused(&with_signatures(&signatures), &untrusted(&[1]));
}

#[test]
fn lies_about_counts_cost_nothing() {
    let huge = b"\xff\xff\xff\xff\x0f";
    let hash = [0; 32];
    let set = |set: &[u8]| {
        let mut bytes = b"\x01\x01\x01\x01".to_vec();
        put_prefixed(&mut bytes, set);
        bytes
    };
    let signatures: [Vec<u8>; 7] = [
        [b"\x01\x01\x01", &huge[..]].concat(),
        [b"\x01\x01\x01\x01", &huge[..]].concat(),
        set(huge),
        set(&[b"\x01", &hash[..], huge].concat()),
        set(&[b"\x01", &hash[..], b"\x01", huge].concat()),
        set(&[b"\x01", &hash[..], b"\x01\x05", huge].concat()),
        set(&[b"\x01", &hash[..], b"\x01\x07\0\x01", huge].concat()),
    ];
    let trusted = [public(1)];
    for signatures in signatures {
        let verdict = verify_detached(MODULE, &signatures, &trusted);
        assert!(matches!(verdict, Err(VerifyError::Format(_))), "{signatures:?}: {verdict:?}");
        assert_eq!(verify(&with_signatures(&signatures), &trusted), verdict);
    }
    let mut long_section = b"\0asm\x01\0\0\0\0".to_vec();
    long_section.extend_from_slice(huge);
    let truncated = VerifyError::Module(ModuleError::Truncated { offset: 8 });
    check_refused(&long_section, &truncated);
}

#[test]
fn lies_about_keys_are_not_believed() {
    let id = public(1).id();
    let mut lying = sign(MODULE, &secret(2)).unwrap();
    let at = lying.windows(12).position(|window| window == public(2).id().as_bytes()).unwrap();
    lying[at..at + 12].copy_from_slice(id.as_bytes());
    check_refused(&lying, &VerifyError::Untrusted { key_ids: vec![id] });
    assert!(verify(&lying, &[public(2)]).is_ok());
}

#[test]
fn strangers_add_nothing_but_their_own() {
    // Sets of other hashes, and signatures of others, before and behind.
    let decoy = sign_detached(b"\0asm\x01\0\0\0", None, &secret(3)).unwrap();
    let genuine = sign_detached(MODULE, None, &secret(1)).unwrap();
    for sets in [[&decoy[4..], &genuine[4..]], [&genuine[4..], &decoy[4..]]] {
        let mut signatures = b"\x01\x01\x01".to_vec();
        put_number(&mut signatures, sets.len());
        signatures.extend(sets.concat());
        let keys = [public(3), public(1)];
        assert_eq!(verify_detached(MODULE, &signatures, &keys), Ok(vec![&keys[1]]));
    }
}

#[test]
fn messages_name_a_few_keys() {
    let key_ids = (1..=6).map(|number| public(number).id()).collect::<Vec<_>>();
    let message = VerifyError::Untrusted { key_ids: key_ids.clone() }.to_string();
    assert!(message.ends_with(&format!("`{}` and others", key_ids[3])), "{message}");
    assert!(!message.contains(&key_ids[4].to_string()), "{message}");
}

proptest! {
    #[test]
    fn no_change_is_taken_for_the_signed_module(
        at in 0..MODULE.len(),
        len in 0..4_usize,
        bytes in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let signed = signed();
        let start = signed.len() - MODULE.len() + at;
        let end = (start + len).min(signed.len());
        let mut changed = signed.clone();
        changed.splice(start..end, bytes);
        prop_assume!(changed != signed);
        prop_assert!(verify(&changed, &[public(1)]).is_err());
    }

    #[test]
    fn any_bytes_are_refused(bytes: Vec<u8>) {
        prop_assert!(verify_detached(MODULE, &bytes, &[public(1)]).is_err());
        prop_assert!(verify(&with_signatures(&bytes), &[public(1)]).is_err());
        let bytes = [&MODULE[..8], &bytes].concat();
        prop_assert!(verify(&bytes, &[public(1)]).is_err());
    }
}
