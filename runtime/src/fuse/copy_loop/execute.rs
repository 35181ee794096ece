//! Executes operators with sums in the place of numbers.

use plugsmith_kernel::layout;
use wasmparser::{MemArg, Operator};

use super::{
    accesses::Space,
    code::Code,
    linear::{Holder, Linear, Term, Variable, Width},
    value::{self, Comparison, Part, Relation, Value},
    walk::{Context, Path},
};
use crate::fuse::expand::Expansion;

/// How many terms a sum may have. Addresses in loops that compilers write have three.
const N_TERMS: usize = 8;

impl Path<'_> {
    /// Executes an operator that is no branch and no call.
    pub(super) fn execute(
        &mut self,
        operator: &Operator<'_>,
        context: &Context<'_, '_>,
        code: &Code<'_>,
    ) -> Option<()> {
        use Width::{I32, I64};
        match *operator {
            Operator::Nop => {}
            Operator::Drop => drop(self.stack.pop()?),
            Operator::LocalGet { local_index } => {
                let value = self.local(local_index, code)?;
                self.stack.push(value);
            }
            Operator::LocalSet { local_index } => {
                let value = self.stack.pop()?;
                self.call()?.0.locals.insert(local_index, value);
            }
            Operator::LocalTee { local_index } => {
                let value = self.stack.last()?.clone();
                self.call()?.0.locals.insert(local_index, value);
            }
            Operator::GlobalGet { global_index } => {
                let value = self.global(global_index, context)?;
                self.stack.push(value);
            }
            Operator::GlobalSet { global_index } => {
                let value = self.stack.pop()?;
                self.globals.insert(global_index, value);
            }
            Operator::I32Const { value } => {
                self.stack.push(Value::constant(I32, u64::from(value.cast_unsigned())));
            }
            Operator::I64Const { value } => {
                self.stack.push(Value::constant(I64, value.cast_unsigned()));
            }
            Operator::I32Add | Operator::I64Add => self.combine(1)?,
            Operator::I32Sub | Operator::I64Sub => self.combine(u64::MAX)?,
            Operator::I32Mul | Operator::I64Mul => self.multiply()?,
            Operator::I32And | Operator::I64And => self.and()?,
            Operator::I32Or | Operator::I64Or => self.or()?,
            Operator::I32Shl | Operator::I64Shl => self.shift_up()?,
            Operator::I32ShrU | Operator::I64ShrU => self.shift_down(false)?,
            Operator::I32ShrS | Operator::I64ShrS => self.shift_down(true)?,
            Operator::I64ExtendI32U => self.extend(I64, 4, false)?,
            Operator::I64ExtendI32S | Operator::I64Extend32S => self.extend(I64, 4, true)?,
            Operator::I32Extend8S => self.extend(I32, 1, true)?,
            Operator::I64Extend8S => self.extend(I64, 1, true)?,
            Operator::I32Extend16S => self.extend(I32, 2, true)?,
            Operator::I64Extend16S => self.extend(I64, 2, true)?,
            Operator::I32WrapI64 => self.wrap()?,
            _ => match access(operator) {
                Some((Access { len, load: Some((width, signed)) }, memarg)) => {
                    let address = self.sum()?;
                    self.load(
                        Space::Guest(memarg.memory),
                        address,
                        memarg.offset,
                        len,
                        width,
                        signed,
                    )?;
                }
                Some((Access { len, load: None }, memarg)) => {
                    let value = self.stack.pop()?;
                    let address = self.sum()?;
                    let space = Space::Guest(memarg.memory);
                    self.accesses.store(space, address, memarg.offset, len, value)?;
                }
                None => return self.compare(operator),
            },
        }
        Some(())
    }

    /// Loads and stores of the kernel.
    pub(super) fn exchange(&mut self, expansion: Expansion) -> Option<()> {
        use Width::{I32, I64};
        let register = |address| Value::Sum(Linear::term(I64, Term::Register(address)));
        match expansion {
            Expansion::LoadU8 => {
                let offset = self.sum()?;
                self.load(Space::Kernel, offset, 0, 1, I32, false)
            }
            Expansion::LoadU64 => {
                let offset = self.sum()?;
                self.load(Space::Kernel, offset, 0, 8, I64, false)
            }
            Expansion::InputLoadU8 => {
                let start = self.sum()?;
                self.load(Space::Input, start, 0, 1, I32, false)
            }
            Expansion::InputLoadU64 => {
                let start = self.sum()?;
                self.load(Space::Input, start, 0, 8, I64, false)
            }
            Expansion::StoreU8 | Expansion::StoreU64 => {
                let value = self.stack.pop()?;
                let offset = self.sum()?;
                let len = if expansion == Expansion::StoreU8 { 1 } else { 8 };
                self.accesses.store(Space::Kernel, offset, 0, len, value)
            }
            Expansion::InputLength => {
                self.stack.push(register(layout::INPUT_LENGTH));
                Some(())
            }
            Expansion::InputOffset => {
                self.stack.push(register(layout::INPUT_OFFSET));
                Some(())
            }
        }
    }

    fn load(
        &mut self,
        space: Space,
        address: Linear,
        offset: u64,
        len: u8,
        width: Width,
        signed: bool,
    ) -> Option<()> {
        let content = self.accesses.load(space, address, offset, len)?;
        self.stack.push(content.into_value(width, len, signed)?);
        Some(())
    }

    fn compare(&mut self, operator: &Operator<'_>) -> Option<()> {
        let less = |signed| Relation::Less { signed };
        let at_most = |signed| Relation::AtMost { signed };
        let (relation, is_swapped) = match operator {
            Operator::I32Eqz | Operator::I64Eqz => {
                let condition = self.stack.pop()?.into_condition()?.negated();
                self.stack.push(Value::Test(condition));
                return Some(());
            }
            Operator::I32Eq | Operator::I64Eq => (Relation::Equal, false),
            Operator::I32Ne | Operator::I64Ne => (Relation::Different, false),
            Operator::I32LtU | Operator::I64LtU => (less(false), false),
            Operator::I32LtS | Operator::I64LtS => (less(true), false),
            Operator::I32LeU | Operator::I64LeU => (at_most(false), false),
            Operator::I32LeS | Operator::I64LeS => (at_most(true), false),
            Operator::I32GtU | Operator::I64GtU => (less(false), true),
            Operator::I32GtS | Operator::I64GtS => (less(true), true),
            Operator::I32GeU | Operator::I64GeU => (at_most(false), true),
            Operator::I32GeS | Operator::I64GeS => (at_most(true), true),
            _ => return None,
        };
        let (right, left) = (self.sum()?, self.sum()?);
        let (left, right) = if is_swapped { (right, left) } else { (left, right) };
        self.stack.push(Value::Test(Comparison { relation, left, right }));
        Some(())
    }

    fn local(&mut self, idx: u32, code: &Code<'_>) -> Option<Value> {
        let (call, is_outermost) = self.call()?;
        if let Some(value) = call.locals.get(&idx) {
            return Some(value.clone());
        }
        let width = (*code.widths.get(usize::try_from(idx).ok()?)?)?;
        Some(if is_outermost {
            Value::Sum(Linear::variable(Variable { holder: Holder::Local(idx), width }))
        } else {
            Value::constant(width, 0)
        })
    }

    fn global(&self, idx: u32, context: &Context<'_, '_>) -> Option<Value> {
        if let Some(value) = self.globals.get(&idx) {
            return Some(value.clone());
        }
        let width = (*context.globals.get(usize::try_from(idx).ok()?)?)?;
        Some(Value::Sum(Linear::variable(Variable { holder: Holder::Global(idx), width })))
    }

    fn sum(&mut self) -> Option<Linear> {
        self.stack.pop()?.into_sum()
    }

    fn push(&mut self, sum: Linear) -> Option<()> {
        let is_short = sum.terms.len() <= N_TERMS;
        self.stack.push(Value::Sum(sum));
        is_short.then_some(())
    }

    fn combine(&mut self, factor: u64) -> Option<()> {
        let (right, left) = (self.sum()?, self.sum()?);
        self.push(left.plus(&right, factor))
    }

    fn multiply(&mut self) -> Option<()> {
        let (right, left) = (self.sum()?, self.sum()?);
        let product = match (left.as_constant(), right.as_constant()) {
            (_, Some(factor)) => left.times(factor),
            (Some(factor), None) => right.times(factor),
            (None, None) => return None,
        };
        self.push(product)
    }

    fn and(&mut self) -> Option<()> {
        let (right, left) = (self.stack.pop()?, self.stack.pop()?);
        match (left, right) {
            (Value::Mask(_, condition), value) | (value, Value::Mask(_, condition)) => {
                // Where it is zero is another path, which nothing is known of.
                match condition.as_constant() {
                    Some(true) => {}
                    Some(false) => return None,
                    None => self.conditions.push(condition),
                }
                self.stack.push(value);
            }
            (Value::Test(test), Value::Sum(mask)) | (Value::Sum(mask), Value::Test(test)) => {
                if mask.as_constant()? & 1 == 0 {
                    return None;
                }
                self.stack.push(Value::Test(test));
            }
            (Value::Sum(left), Value::Sum(right))
                if let (Some(left_mask), Some(right_mask)) =
                    (left.as_constant(), right.as_constant()) =>
            {
                self.stack.push(Value::constant(left.width, left_mask & right_mask));
            }
            (value, Value::Sum(mask)) | (Value::Sum(mask), value) => {
                let mask = mask.as_constant()?;
                let (width, parts) = value.into_parts()?;
                self.stack.push(Value::Bytes(width, value::masked(&parts, mask)));
            }
            _ => return None,
        }
        Some(())
    }

    fn or(&mut self) -> Option<()> {
        let (right, left) = (self.stack.pop()?, self.stack.pop()?);
        let ((width, right), (_, left)) = (right.into_parts()?, left.into_parts()?);
        self.stack.push(Value::Bytes(width, value::merged(&left, &right)));
        Some(())
    }

    fn shift_up(&mut self) -> Option<()> {
        let (by, value) = (self.distance()?, self.stack.pop()?);
        match value {
            Value::Bytes(width, parts) if by % 8 == 0 => {
                let by = i64::try_from(by % (8 * width.n_bytes() as u64) / 8).ok()?;
                let parts = value::shifted(width, &parts, by, Part::Zero);
                self.stack.push(Value::Bytes(width, parts));
                Some(())
            }
            value => {
                let sum = value.into_sum()?;
                let by = by % (8 * sum.width.n_bytes() as u64);
                self.push(sum.times(1 << by))
            }
        }
    }

    fn shift_down(&mut self, signed: bool) -> Option<()> {
        let (by, value) = (self.distance()?, self.stack.pop()?);
        match value {
            value
                if by % 8 == 0
                    && let Some((width, parts)) = value.clone().into_parts() =>
            {
                let by = i64::try_from(by % (8 * width.n_bytes() as u64) / 8).ok()?;
                let fill = if signed { Part::Unknown } else { Part::Zero };
                let parts = value::shifted(width, &parts, -by, fill);
                self.stack.push(Value::Bytes(width, parts));
            }
            value => {
                let sum = value.into_sum()?;
                let n_bits = 8 * sum.width.n_bytes() as u64;
                let is_sign = signed && by % n_bits == n_bits - 1;
                if !is_sign {
                    return None;
                }
                self.stack.push(Value::Mask(sum.width, Comparison::is_negative(sum)));
            }
        }
        Some(())
    }

    /// Takes from the stack by how many bits to shift.
    fn distance(&mut self) -> Option<u64> {
        self.sum()?.as_constant()
    }

    /// Extends the lowest so many bytes.
    fn extend(&mut self, width: Width, len: usize, signed: bool) -> Option<()> {
        match self.stack.pop()? {
            Value::Bytes(_, mut parts) => {
                parts[len..].fill(if signed { Part::Unknown } else { Part::Zero });
                self.stack.push(Value::Bytes(width, parts));
            }
            Value::Sum(sum) if len == 4 => {
                let low = if sum.width == Width::I64 { sum.wrapped() } else { sum };
                self.stack.push(Value::Sum(low.extended(signed)));
            }
            Value::Test(test) if !signed => self.stack.push(Value::Test(test)),
            _ => return None,
        }
        Some(())
    }

    fn wrap(&mut self) -> Option<()> {
        let value = match self.stack.pop()? {
            Value::Sum(sum) => Value::Sum(sum.wrapped()),
            Value::Bytes(width, parts) => match Value::Bytes(width, parts).into_sum() {
                Some(sum) => Value::Sum(sum.wrapped()),
                None => Value::Bytes(Width::I32, parts),
            },
            Value::Test(test) => Value::Test(test),
            Value::Mask(_, test) => Value::Mask(Width::I32, test),
        };
        self.stack.push(value);
        Some(())
    }
}

/// A load or a store of the guest's memory.
struct Access {
    len: u8,
    /// What a load makes of the bytes: a number of this width, extended with or without its sign.
    load: Option<(Width, bool)>,
}

fn access(operator: &Operator<'_>) -> Option<(Access, MemArg)> {
    use Width::{I32, I64};
    let (len, load, memarg) = match *operator {
        Operator::I32Load { memarg } => (4, Some((I32, false)), memarg),
        Operator::I64Load { memarg } => (8, Some((I64, false)), memarg),
        Operator::I32Load8U { memarg } => (1, Some((I32, false)), memarg),
        Operator::I32Load8S { memarg } => (1, Some((I32, true)), memarg),
        Operator::I32Load16U { memarg } => (2, Some((I32, false)), memarg),
        Operator::I32Load16S { memarg } => (2, Some((I32, true)), memarg),
        Operator::I64Load8U { memarg } => (1, Some((I64, false)), memarg),
        Operator::I64Load8S { memarg } => (1, Some((I64, true)), memarg),
        Operator::I64Load16U { memarg } => (2, Some((I64, false)), memarg),
        Operator::I64Load16S { memarg } => (2, Some((I64, true)), memarg),
        Operator::I64Load32U { memarg } => (4, Some((I64, false)), memarg),
        Operator::I64Load32S { memarg } => (4, Some((I64, true)), memarg),
        Operator::I32Store { memarg } | Operator::I64Store32 { memarg } => (4, None, memarg),
        Operator::I64Store { memarg } => (8, None, memarg),
        Operator::I32Store8 { memarg } | Operator::I64Store8 { memarg } => (1, None, memarg),
        Operator::I32Store16 { memarg } | Operator::I64Store16 { memarg } => (2, None, memarg),
        _ => return None,
    };
    Some((Access { len, load }, memarg))
}
