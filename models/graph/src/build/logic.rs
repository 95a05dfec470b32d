//! Truth values and types.

use crate::{Attributes, DataType, Graph, Result, Var};

/// Methods for operators of two inputs that are broadcast, with truth values as result.
macro_rules! comparison {
    ($($(#[$doc:meta])* $name:ident = $operator:literal;)*) => {
        impl Graph {$(
            $(#[$doc])*
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where types or shapes do not agree.
            pub fn $name(&mut self, a: Var, b: Var) -> Result<Var> {
                self.apply($operator, &[a, b], Attributes::new())
            }
        )*}
    };
}

comparison! {
    /// Adds `a == b`.
    equal = "Equal";
    /// Adds `a < b`.
    less = "Less";
    /// Adds `a <= b`.
    less_or_equal = "LessOrEqual";
    /// Adds `a > b`.
    greater = "Greater";
    /// Adds `a >= b`.
    greater_or_equal = "GreaterOrEqual";
    /// Adds whether both are true.
    and = "And";
    /// Adds whether one is true.
    or = "Or";
}

impl Graph {
    /// Adds the opposite of a truth value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
    pub fn not(&mut self, x: Var) -> Result<Var> {
        self.apply("Not", &[x], Attributes::new())
    }

    /// Adds `a` where the condition holds and `b` elsewhere, all three broadcast.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Operator`](crate::ErrorKind::Operator) where types or shapes do not agree.
    pub fn choose(&mut self, condition: Var, a: Var, b: Var) -> Result<Var> {
        self.apply("Where", &[condition, a, b], Attributes::new())
    }

    /// Adds x in another type; x itself where it has that type.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ForeignVariable`](crate::ErrorKind::ForeignVariable).
    pub fn cast(&mut self, x: Var, dtype: DataType) -> Result<Var> {
        if self.dtype(x)? == dtype {
            return Ok(x);
        }
        self.apply("Cast", &[x], Attributes::new().with("to", i64::from(dtype.code())))
    }
}
