//! In which order the modules of a plug-in are instantiated.
//!
//! A module comes behind those it imports from. Where modules import from each other in a circle
//! there is no such order; then one of the circle comes first although its providers do not exist
//! yet, which works if it imports only functions from them, since a function can be looked up when
//! it is called.

use std::collections::HashSet;

/// Which module, by place in some list.
pub(super) type ModuleIdx = usize;

/// One module's need of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) provider: ModuleIdx,
    /// Something is imported that cannot be looked up later: a memory, a global, a table or a tag.
    pub(super) at_once: bool,
}

/// Orders `0..needs.len()` so that each stands behind whom it needs, as far as that can be, and
/// behind whom it needs at once in any case. Otherwise the given order stays.
///
/// # Errors
///
/// A circle of modules that need each other at once, its first element repeated at the end.
pub(super) fn order(needs: &[Vec<Need>]) -> Result<Vec<ModuleIdx>, Vec<ModuleIdx>> {
    let reach: Vec<HashSet<ModuleIdx>> = (0..needs.len()).map(|idx| reach(needs, idx)).collect();
    let mut order = Vec::with_capacity(needs.len());
    let mut waiting: Vec<ModuleIdx> = (0..needs.len()).collect();
    while !waiting.is_empty() {
        let circle = ready_circle(&reach, &waiting);
        let next = next_of(needs, &waiting, &circle)?;
        waiting.retain(|&module| module != next);
        order.push(next);
    }
    Ok(order)
}

/// Returns everyone whom a module needs, directly or through others. It is among them itself only
/// if it is in a circle.
pub(super) fn reach(needs: &[Vec<Need>], module: ModuleIdx) -> HashSet<ModuleIdx> {
    let mut reached = HashSet::new();
    let mut open = vec![module];
    while let Some(module) = open.pop() {
        let new = needs[module].iter().map(|need| need.provider);
        open.extend(new.filter(|&provider| reached.insert(provider)));
    }
    reached
}

/// Returns those of a circle that still wait, where they wait only for each other. A module in no
/// circle is one by itself.
fn ready_circle(reach: &[HashSet<ModuleIdx>], waiting: &[ModuleIdx]) -> Vec<ModuleIdx> {
    let same =
        |a: ModuleIdx, b: ModuleIdx| a == b || (reach[a].contains(&b) && reach[b].contains(&a));
    let is_ready = |&module: &ModuleIdx| {
        waiting.iter().all(|&other| same(module, other) || !reach[module].contains(&other))
    };
    let ready = waiting.iter().copied().find(is_ready);
    let ready = ready.expect("circles of modules wait for each other in no circle");
    waiting.iter().copied().filter(|&other| same(ready, other)).collect()
}

/// Returns whoever of a circle goes first.
///
/// # Errors
///
/// A circle of needs at once, if each waits for another at once.
fn next_of(
    needs: &[Vec<Need>],
    waiting: &[ModuleIdx],
    circle: &[ModuleIdx],
) -> Result<ModuleIdx, Vec<ModuleIdx>> {
    let is_unmet = |need: &&Need| waiting.binary_search(&need.provider).is_ok();
    let unmet = |module: ModuleIdx| needs[module].iter().find(is_unmet);
    let unmet_at_once =
        |module: ModuleIdx| needs[module].iter().filter(|need| need.at_once).find(is_unmet);
    circle
        .iter()
        .find(|&&module| unmet(module).is_none())
        .or_else(|| circle.iter().find(|&&module| unmet_at_once(module).is_none()))
        .copied()
        .ok_or_else(|| circle_from(circle[0], |idx| unmet_at_once(idx).map(|need| need.provider)))
}

/// Follows each module's provider until one comes up again. Every module has one.
fn circle_from(
    start: ModuleIdx,
    provider: impl Fn(ModuleIdx) -> Option<ModuleIdx>,
) -> Vec<ModuleIdx> {
    let mut path = vec![start];
    loop {
        let last = path[path.len() - 1];
        let next = provider(last).expect("whoever is stuck waits for another that is");
        if let Some(start) = path.iter().position(|&idx| idx == next) {
            path.drain(..start);
            path.push(next);
            return path;
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Needs of functions, and after them needs at once.
    fn needs<const N: usize>(rows: [(&[ModuleIdx], &[ModuleIdx]); N]) -> Vec<Vec<Need>> {
        let need = |at_once| move |&provider: &ModuleIdx| Need { provider, at_once };
        let row = |(functions, rest): (&[ModuleIdx], &[ModuleIdx])| {
            functions.iter().map(need(false)).chain(rest.iter().map(need(true))).collect()
        };
        rows.map(row).to_vec()
    }

    #[test]
    fn providers_come_before_importers() {
        assert_eq!(order(&needs([(&[], &[]), (&[], &[]), (&[], &[])])), Ok(vec![0, 1, 2]));
        assert_eq!(order(&needs([(&[1], &[2]), (&[2], &[]), (&[], &[])])), Ok(vec![2, 1, 0]));
    }

    #[test]
    fn one_of_a_circle_goes_first_and_not_one_that_leads_to_it() {
        assert_eq!(order(&needs([(&[1], &[]), (&[2], &[]), (&[1], &[])])), Ok(vec![1, 2, 0]));
    }

    #[test]
    fn needs_at_once_are_met_in_a_circle_too() {
        assert_eq!(order(&needs([(&[], &[1]), (&[0], &[])])), Ok(vec![1, 0]));
        assert_eq!(order(&needs([(&[1], &[]), (&[], &[2]), (&[0], &[])])), Ok(vec![0, 2, 1]));
    }

    #[test]
    fn a_circle_of_needs_at_once_is_named_without_those_that_lead_to_it() {
        let circle = needs([(&[], &[1]), (&[], &[2]), (&[0], &[1])]);
        assert_eq!(order(&circle), Err(vec![1, 2, 1]));
    }
}
