//! The tenants: for each a pool of its own plug-in, as its manifest in the folder of tenants says.

use std::{collections::BTreeMap, path::Path, time::Duration};

use plugsmith::{Error, Manifest, Plugin, PluginBuilder, Pool, PoolBuilder};
use plugsmith_examples::{Bounds, Installed, complaint, plugin_folder};

/// The export that tenants write: a webhook's body in, a verdict out.
pub(crate) const FILTER: &str = "filter";

/// What a filter gets at most, whatever its tenant's manifest says.
const BOUNDS: Bounds = Bounds { time: Duration::from_millis(500), memory_pages: 64 };

/// How many webhooks of one tenant are filtered at once, so that none takes all the threads.
const N_INSTANCES: usize = 2;

/// Loads the plug-in of each tenant. One that does not load is left out, and the log says why.
///
/// # Errors
///
/// If the folder cannot be read.
pub(crate) fn load(folder: &Path) -> Result<BTreeMap<String, Pool>, Error> {
    let read = plugin_folder(folder, BOUNDS)
        .map_err(|err| Error::from(err).context(format!("reading `{}`", folder.display())))?;
    let mut tenants = BTreeMap::new();
    for Installed { name, manifest } in read {
        match manifest.and_then(|manifest| pool(&manifest)) {
            Ok(pool) => drop(tenants.insert(name, pool)),
            Err(err) => println!("log: {name} is left out: {}", complaint(&err)),
        }
    }
    Ok(tenants)
}

/// Compiles once, for all plug-ins of the pool.
fn pool(manifest: &Manifest) -> Result<Pool, Error> {
    let compiled = PluginBuilder::new(manifest).with_exchange_page_limit(64).compile()?;
    if !Plugin::new_from_compiled(&compiled)?.function_exists(FILTER) {
        return Err(Error::msg(format!("the plug-in exports no `{FILTER}`")));
    }
    let builder = PoolBuilder::new().with_max_instances(N_INSTANCES);
    Ok(builder.build(move || Plugin::new_from_compiled(&compiled)))
}
