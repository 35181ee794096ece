//! Exports by hand, down to the host's functions as they are.

use extism_pdk::{
    extism, input, input_bytes, output, unwrap, Base64, Json, Memory, WithReturnCode,
};

/// Turns the input around, byte by byte.
#[no_mangle]
pub extern "C" fn reverse() -> i32 {
    // SAFETY: the host's functions take any number.
    unsafe {
        let length = extism::input_length();
        let block = extism::alloc(length);
        for at in 0..length {
            extism::store_u8(block + at, extism::input_load_u8(length - 1 - at));
        }
        extism::output_set(block, length);
    }
    0
}

/// Adds up numbers, with errors as messages.
#[no_mangle]
pub extern "C" fn sum() -> i32 {
    let Json(numbers): Json<Vec<u32>> = unwrap!(input());
    unwrap!(output(Json(numbers.iter().sum::<u32>())));
    0
}

/// Gives the number of bytes of the input.
#[no_mangle]
pub extern "C" fn counts_bytes() -> i32 {
    let len = input_bytes().len();
    unwrap!(output(len.to_string()));
    0
}

/// Gives the input in Base64.
#[no_mangle]
pub extern "C" fn base64() -> i32 {
    let text: String = unwrap!(input());
    unwrap!(output(Base64(text)));
    0
}

/// Gives the input, by a value that has a status beside it.
#[no_mangle]
pub extern "C" fn with_status() -> i32 {
    let memory = unwrap!(Memory::from_bytes(input_bytes()));
    unwrap!(output(WithReturnCode::new(memory, 3)));
    0
}

/// Returns nothing, which is success.
#[no_mangle]
pub extern "C" fn returns_nothing() {}

/// Returns a status without a message.
#[no_mangle]
pub extern "C" fn returns_status() -> i32 {
    5
}

/// Loads the input into the guest and stores it again.
#[no_mangle]
pub extern "C" fn loads_and_stores() -> i32 {
    // SAFETY: the host's functions take any number, and the slices are as long as they are said to be.
    unsafe {
        let length = extism::input_length();
        let bytes = extism::load_input();
        let block = extism::alloc(length);
        extism::store(block, &bytes);
        let mut again = vec![0; bytes.len()];
        extism::load(block, &mut again);
        extism::output_set(block, if again == bytes { length } else { 0 });
    }
    0
}
