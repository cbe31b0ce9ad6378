use std::fmt;

/// A number that keeps what was written: integers exactly, all else as a double.
#[derive(Clone, Copy)]
pub struct Number(Kind);

#[derive(Clone, Copy)]
enum Kind {
    Signed(i64),
    /// Only what does not fit `Signed`.
    Unsigned(u64),
    Double(f64),
}

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

impl Number {
    pub fn as_f64(&self) -> f64 {
        match self.0 {
            Kind::Signed(value) => value as f64,
            Kind::Unsigned(value) => value as f64,
            Kind::Double(value) => value,
        }
    }

    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Kind::Signed(value) => Some(value),
            Kind::Unsigned(_) => None,
            Kind::Double(value) => {
                let fits = value.fract() == 0.0 && (-TWO_TO_63..TWO_TO_63).contains(&value);
                fits.then_some(value as i64)
            }
        }
    }

    pub fn as_u64(&self) -> Option<u64> {
        match self.0 {
            Kind::Signed(value) => u64::try_from(value).ok(),
            Kind::Unsigned(value) => Some(value),
            Kind::Double(value) => {
                let fits = value.fract() == 0.0 && (0.0..TWO_TO_64).contains(&value);
                fits.then_some(value as u64)
            }
        }
    }

    /// False for NaN and infinities, which JSON has not.
    pub fn is_finite(&self) -> bool {
        match self.0 {
            Kind::Double(value) => value.is_finite(),
            _ => true,
        }
    }

    /// Appends what JavaScript would print, so that the same calculation reads the same in every
    /// language: `3` for 3.0, `1e+21`, `1e-7`, `0` for -0.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self.0 {
            Kind::Signed(value) => write_signed(value, out),
            Kind::Unsigned(value) => write_unsigned(value, out),
            Kind::Double(value) => write_double(value, out),
        }
    }
}

fn write_signed(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    write_unsigned(value.unsigned_abs(), out);
}

fn write_unsigned(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Shortest digits that read back as the same double, laid out as ECMA-262, Number::toString, says.
fn write_double(value: f64, out: &mut Vec<u8>) {
    if value == 0.0 {
        out.push(b'0');
        return;
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        write_signed(value as i64, out);
        return;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let mantissa = match mantissa.strip_prefix('-') {
        Some(positive) => {
            out.push(b'-');
            positive
        }
        None => mantissa,
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = even_of_two(value, mantissa.replace('.', ""), exponent);
    lay_out(digits.as_bytes(), exponent, out);
}

/// Where the double lies right between two numbers of that many digits that both read back as it, the
/// standard library takes the upper one, JavaScript the even one. Needs 16 digits at least, and an exact
/// value of one digit more, which has at most 26 binary places.
fn even_of_two(value: f64, digits: String, exponent: i32) -> String {
    let bits = value.to_bits();
    let places = 1075 - (bits >> 52 & 0x7ff) as i64 - i64::from(bits.trailing_zeros().min(52));
    if digits.len() < 16 || places > 26 {
        return digits;
    }
    let exact = format!("{:.25e}", value.abs()).replace('.', "");
    let (lower, rest) = exact.split_at(digits.len());
    let is_between =
        rest.starts_with("5000") && rest[1..25 - lower.len()].bytes().all(|digit| digit == b'0');
    let is_even = lower.bytes().last().is_some_and(|digit| digit % 2 == 0);
    let shift = exponent + 1 - lower.len() as i32;
    if is_between && is_even && format!("{lower}e{shift}").parse() == Ok(value.abs()) {
        return lower.to_owned();
    }
    digits
}

/// `digits` read as d.ddd times ten to the power of `exponent`.
fn lay_out(digits: &[u8], exponent: i32, out: &mut Vec<u8>) {
    let count = digits.len() as i32;
    if (0..21).contains(&exponent) {
        let whole = exponent + 1;
        if count <= whole {
            out.extend_from_slice(digits);
            out.extend(std::iter::repeat_n(b'0', (whole - count) as usize));
        } else {
            let (before, after) = digits.split_at(whole as usize);
            out.extend_from_slice(before);
            out.push(b'.');
            out.extend_from_slice(after);
        }
    } else if (-6..0).contains(&exponent) {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-exponent - 1) as usize));
        out.extend_from_slice(digits);
    } else {
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.push(b'e');
        out.push(if exponent < 0 { b'-' } else { b'+' });
        write_unsigned(u64::from(exponent.unsigned_abs()), out);
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Number {
        Number(Kind::Signed(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Number {
        match i64::try_from(value) {
            Ok(signed) => Number(Kind::Signed(signed)),
            Err(_) => Number(Kind::Unsigned(value)),
        }
    }
}

impl From<f64> for Number {
    fn from(value: f64) -> Number {
        Number(Kind::Double(value))
    }
}

/// By value: 3 equals 3.0. Integers beyond 2^53 are compared exactly.
impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        match (self.0, other.0) {
            (Kind::Signed(left), Kind::Signed(right)) => left == right,
            (Kind::Unsigned(left), Kind::Unsigned(right)) => left == right,
            (Kind::Double(left), Kind::Double(right)) => left == right,
            (Kind::Double(_), Kind::Signed(right)) => self.as_i64() == Some(right),
            (Kind::Double(_), Kind::Unsigned(right)) => self.as_u64() == Some(right),
            (Kind::Signed(left), Kind::Double(_)) => other.as_i64() == Some(left),
            (Kind::Unsigned(left), Kind::Double(_)) => other.as_u64() == Some(left),
            (Kind::Signed(_), Kind::Unsigned(_)) | (Kind::Unsigned(_), Kind::Signed(_)) => false,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_finite() {
            return self.as_f64().fmt(formatter);
        }
        let mut text = Vec::new();
        self.write(&mut text);
        formatter.write_str(&String::from_utf8_lossy(&text))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
