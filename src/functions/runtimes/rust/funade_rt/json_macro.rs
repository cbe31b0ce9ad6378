/// A `Value` from something that looks like JSON. Values may be any expression that has `Into<Value>`,
/// keys any literal or an expression in parentheses.
///
/// ```
/// # use funade_rt::json;
/// let name = "sum";
/// let value = json!({ "ok": true, (name): 1 + 2, "list": [1, null, { "deep": "yes" }] });
/// ```
#[macro_export]
macro_rules! json {
    (null) => { $crate::Value::Null };
    ([ $($items:tt)* ]) => { $crate::json_items!([] $($items)*) };
    ({}) => { $crate::Value::Object($crate::Object::new()) };
    ({ $($pairs:tt)+ }) => {{
        let mut object = $crate::Object::new();
        $crate::json_pairs!(object $($pairs)+);
        $crate::Value::Object(object)
    }};
    ($value:expr) => { $crate::Value::from($value) };
}

/// Gathers the items of an array: `[done,*] rest`.
#[doc(hidden)]
#[macro_export]
macro_rules! json_items {
    ([ $($done:expr,)* ]) => { $crate::Value::Array(vec![$($done),*]) };
    ([ $($done:expr,)* ] null $(, $($rest:tt)*)?) => {
        $crate::json_items!([ $($done,)* $crate::json!(null), ] $($($rest)*)?)
    };
    ([ $($done:expr,)* ] [ $($items:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::json_items!([ $($done,)* $crate::json!([ $($items)* ]), ] $($($rest)*)?)
    };
    ([ $($done:expr,)* ] { $($pairs:tt)* } $(, $($rest:tt)*)?) => {
        $crate::json_items!([ $($done,)* $crate::json!({ $($pairs)* }), ] $($($rest)*)?)
    };
    ([ $($done:expr,)* ] $item:expr $(, $($rest:tt)*)?) => {
        $crate::json_items!([ $($done,)* $crate::json!($item), ] $($($rest)*)?)
    };
}

/// Inserts the pairs of an object one by one.
#[doc(hidden)]
#[macro_export]
macro_rules! json_pairs {
    ($object:ident) => {};
    ($object:ident $key:tt : null $(, $($rest:tt)*)?) => {
        $object.set(::std::convert::AsRef::<str>::as_ref(&$key), $crate::Value::Null);
        $crate::json_pairs!($object $($($rest)*)?);
    };
    ($object:ident $key:tt : [ $($items:tt)* ] $(, $($rest:tt)*)?) => {
        $object.set(::std::convert::AsRef::<str>::as_ref(&$key), $crate::json!([ $($items)* ]));
        $crate::json_pairs!($object $($($rest)*)?);
    };
    ($object:ident $key:tt : { $($pairs:tt)* } $(, $($rest:tt)*)?) => {
        $object.set(::std::convert::AsRef::<str>::as_ref(&$key), $crate::json!({ $($pairs)* }));
        $crate::json_pairs!($object $($($rest)*)?);
    };
    ($object:ident $key:tt : $value:expr $(, $($rest:tt)*)?) => {
        $object.set(::std::convert::AsRef::<str>::as_ref(&$key), $crate::Value::from($value));
        $crate::json_pairs!($object $($($rest)*)?);
    };
}
