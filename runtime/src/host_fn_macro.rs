//! `host_fn!`: writes a host function as a Rust function over decoded values.

/// Defines host functions from Rust functions over decoded arguments.
///
/// Each argument is decoded from the block that the guest passed, the result encoded into a new one.
/// A first parameter before `;` names the shared data and its type.
///
/// # Examples
///
/// ```
/// use plugsmith::{Function, PTR, UserData, host_fn};
///
/// host_fn!(greet(greeting: String; name: String) -> String {
///     let greeting = greeting.get()?;
///     let greeting = greeting.lock().unwrap();
///     Ok(format!("{greeting}, {name}"))
/// });
///
/// let greet = Function::new("greet", [PTR], [PTR], UserData::new("hello".to_string()), greet);
/// # let _ = greet;
/// ```
#[macro_export]
macro_rules! host_fn {
    ($(#[$meta:meta])* $vis:vis $name:ident
        ($data:ident : $data_ty:ty; $($arg:ident : $arg_ty:ty),* $(,)?) $(-> $ret:ty)? $body:block
    ) => {
        $(#[$meta])*
        $vis fn $name(
            plugin: &mut $crate::CurrentPlugin<'_>,
            params: &[$crate::Val],
            results: &mut [$crate::Val],
            $data: $crate::UserData<$data_ty>,
        ) -> ::core::result::Result<(), $crate::Error> {
            let mut params = params.iter();
            $(let $arg: $arg_ty = $crate::__private::argument(plugin, &mut params)?;)*
            let output = (move || -> ::core::result::Result<_, $crate::Error> {
                let output $(: ::core::result::Result<$ret, $crate::Error>)? = $body;
                output
            })()?;
            $crate::__private::result(plugin, results, &output)
        }
    };
    ($(#[$meta:meta])* $vis:vis $name:ident
        ($($arg:ident : $arg_ty:ty),* $(,)?) $(-> $ret:ty)? $body:block
    ) => {
        $crate::host_fn!($(#[$meta])* $vis $name(user_data: (); $($arg: $arg_ty),*) $(-> $ret)? {
            let _ = &user_data;
            $body
        });
    };
}
