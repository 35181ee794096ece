//! Typed exports, with all that the PDK offers around a call.

#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "plug-ins for Extism begin so")
)]
use extism_pdk::*;
use serde::{Deserialize, Serialize};

/// A parcel to send.
#[derive(Debug, Deserialize, FromBytes)]
#[encoding(Json)]
pub struct Parcel {
    /// Its weight in grams.
    pub grams: u32,
    /// Where it goes.
    pub country: String,
}

/// What sending it costs.
#[derive(Debug, PartialEq, Serialize, Deserialize, ToBytes, FromBytes)]
#[encoding(Json)]
pub struct Postage {
    /// The price in cents.
    pub cents: u32,
}

#[host_fn]
extern "ExtismHost" {
    fn zone(country: String) -> Json<u32>;
    /// Tells the people at the desk.
    pub fn announce(postage: &Postage);
}

#[host_fn("parcel:desk")]
unsafe extern "ExtismHost" {
    /// Asks the desk for what the weight adds.
    pub safe fn surcharge(grams: u32, zone: u32) -> Postage;
}

/// Computes the postage of a parcel by the zone that the host knows.
///
/// # Errors
///
/// If the host gives no zone or no surcharge.
#[plugin_fn]
pub fn postage(parcel: Parcel) -> FnResult<Postage> {
    // SAFETY: the host declares these functions with the same types.
    let Json(zone) = unsafe { zone(parcel.country)? };
    let base: u32 = config::get("base_cents")?.map_or(Ok(100), |cents| cents.parse())?;
    let Postage { cents } = surcharge(parcel.grams, zone)?;
    let postage = Postage { cents: base + cents };
    set_var!("last", "{}", postage.cents)?;
    info!("zone {zone}: {} cents", postage.cents);
    // SAFETY: the host declares these functions with the same types.
    unsafe { announce(&postage)? };
    Ok(postage)
}

/// Refuses what is too heavy, with a status of its own.
///
/// # Errors
///
/// If the parcel weighs more than 30 kg.
#[plugin_fn]
pub fn check(Json(grams): Json<u32>) -> FnResult<()> {
    if grams > 30_000 {
        return Err(WithReturnCode::new(Error::msg("too heavy"), 30));
    }
    Ok(())
}

/// Adds up, for other modules of the same plug-in.
///
/// # Errors
///
/// If the sum does not fit.
#[shared_fn]
pub fn add(left: Json<u32>, right: MemoryPointer<Json<u32>>) -> SharedFnResult<Json<u32>> {
    let sum = left.0.checked_add(right.get()?.0);
    sum.map(Json).ok_or_else(|| Error::msg("the sum does not fit"))
}

/// Forgets the last postage, for other modules of the same plug-in.
///
/// # Errors
///
/// If there is no room in exchange memory.
#[shared_fn]
pub fn forget() -> SharedFnResult<()> {
    var::remove("last")
}

#[cfg(test)]
mod tests {
    use extism_pdk::testing::MockHost;

    use super::*;

    fn host() -> MockHost {
        MockHost::new()
            .with_config("base_cents", "250")
            .with_log_level(LogLevel::Info)
            .with_function("extism:host/user", "zone", |arguments| {
                Ok(if arguments == [b"NZ".to_vec()] { b"3".to_vec() } else { b"1".to_vec() })
            })
            .with_function("extism:host/user", "announce", |arguments| {
                info!("announced {}", String::from_utf8_lossy(&arguments[0]));
                Ok(Vec::new())
            })
            .with_function("parcel:desk", "surcharge", |arguments| {
                let number = |idx: usize| u32::from_bytes_owned(&arguments[idx]);
                Postage { cents: number(0)? * number(1)? }.to_bytes()
            })
    }

    #[test]
    fn postage_depends_on_weight_and_zone() {
        let host = host();
        let outcome = host.call(r#"{"grams":20,"country":"NZ"}"#, postage);
        assert_eq!((outcome.status, outcome.error), (0, None));
        assert_eq!(Postage::from_bytes_owned(&outcome.output).unwrap(), Postage { cents: 310 });
        assert_eq!(host.var("last"), Some(b"310".to_vec()));
        let log: Vec<String> = host.logs().into_iter().map(|(_, text)| text).collect();
        assert_eq!(log, ["zone 3: 310 cents", r#"announced {"cents":310}"#]);
    }

    #[test]
    fn the_reply_of_a_host_function_is_all_that_stays_in_memory() {
        let host = host();
        host.call(r#"{"grams":20,"country":"NZ"}"#, postage);
        // Those of `zone` and of `surcharge`.
        assert_eq!(host.n_blocks(), 2);
    }

    #[test]
    fn a_heavy_parcel_has_a_status_of_its_own() {
        let host = MockHost::new();
        assert_eq!(host.call("30000", check).status, 0);
        let outcome = host.call("30001", check);
        assert_eq!(outcome.status, 30);
        assert!(outcome.error.unwrap().starts_with("too heavy"));
    }

    #[test]
    fn a_missing_host_function_is_an_error() {
        let outcome = MockHost::new().call(r#"{"grams":20,"country":"NZ"}"#, postage);
        let message = outcome.error.unwrap();
        assert!(message.contains("`zone`"), "{message}");
    }

    #[test]
    fn shared_functions_are_functions_too() {
        let host = MockHost::new().with_var("last", "310");
        forget().unwrap();
        assert_eq!(host.var("last"), None);
        let right = Memory::new(&Json(2_u32)).unwrap();
        // SAFETY: the offset is that of a block with a number in it.
        let pointer = |offset| unsafe { MemoryPointer::new(offset) };
        assert_eq!(add(Json(1), pointer(right.offset())).unwrap(), Json(3));
        assert!(add(Json(u32::MAX), pointer(right.offset())).is_err());
    }
}
