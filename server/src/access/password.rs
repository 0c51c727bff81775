//! Passwords: what may be one, and how one is kept (argon2id, in the PHC text form).

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use shared::words::Email;
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use unicode_normalization::UnicodeNormalization;

use super::refused::Refused;

/// In characters. Length is what makes a password strong; there are no rules of composition.
pub const SHORTEST: usize = 12;
/// In characters. Enough for any sentence, and a bound on the work for a stranger's request.
pub const LONGEST: usize = 128;

/// A password that somebody chose, in Unicode's composed form: `й` typed on a Mac and on Windows are the same.
pub struct Password(String);

impl Password {
    /// Checks a new password by the rules of the house.
    pub fn choose(raw: &str, email: &Email) -> Result<Self, Refused> {
        let password = Self::typed(raw);
        let length = password.0.chars().count();
        if length < SHORTEST {
            return Err(Refused::PasswordTooShort);
        }
        if length > LONGEST {
            return Err(Refused::PasswordTooLong);
        }
        let folded = password.0.to_lowercase();
        let address = email.as_str().to_lowercase();
        if folded.contains(&address) || address.contains(&folded) {
            return Err(Refused::PasswordIsEmail);
        }
        if is_common(&folded) {
            return Err(Refused::PasswordTooCommon);
        }
        Ok(password)
    }

    /// Takes a password as it was typed, to compare it with the kept one.
    pub fn typed(raw: &str) -> Self {
        // Whatever is longer than any password can be is cut: it fails all the same, at a bounded cost.
        Self(raw.chars().take(LONGEST * 4).nfc().collect())
    }
}

/// What hashing one password costs.
#[derive(Clone, Debug)]
pub struct Cost(Params);

impl Cost {
    /// 19 MiB, two passes, one lane: what OWASP asks for.
    pub const HOUSE: Self = Self(Params::DEFAULT);

    /// The least that the algorithm allows. A test signs in hundreds of times.
    pub fn lowered_for_tests() -> Self {
        Self(Params::new(Params::MIN_M_COST, Params::MIN_T_COST, Params::MIN_P_COST, None).unwrap_or(Params::DEFAULT))
    }
}

/// How many may wait for a hash. At some fifty milliseconds each the last of them waits for a few
/// seconds; whoever comes then is asked to come back.
const LONGEST_LINE: usize = 64;

/// Hashing, on threads of its own: each hash takes a core and 19 MiB. One core is left to everybody
/// who is signed in already.
pub struct Hasher {
    argon2: Argon2<'static>,
    cores: Arc<Semaphore>,
    /// Places for those who are served and those who wait.
    line: Arc<Semaphore>,
    /// The hash of nobody's password, so that an address nobody has takes as long as one that somebody has.
    nobody: String,
}

/// Why a password could be neither hashed nor compared.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    #[error("a kept password cannot be read or a new one not hashed: {0}")]
    Hash(argon2::password_hash::Error),
    #[error("the server is stopping; sign in again in a moment")]
    Stopping(#[from] JoinError),
    #[error("too many passwords are being looked at; try again in a few seconds")]
    Busy,
}

impl From<argon2::password_hash::Error> for HashError {
    fn from(error: argon2::password_hash::Error) -> Self {
        Self::Hash(error)
    }
}

impl Hasher {
    /// Hashes once, for nobody.
    pub fn new(cost: Cost) -> Result<Self, HashError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost.0);
        let nobody = argon2.hash_password(b"nobody's password")?.to_string();
        let cores = std::thread::available_parallelism().map_or(1, usize::from).saturating_sub(1).max(1);
        let line = Arc::new(Semaphore::new(cores + LONGEST_LINE));
        Ok(Self { argon2, cores: Arc::new(Semaphore::new(cores)), line, nobody })
    }

    /// The PHC text of a password under a fresh salt.
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        let argon2 = self.argon2.clone();
        self.work(move || Ok(argon2.hash_password(password.0.as_bytes())?.to_string())).await
    }

    /// Whether the password is the kept one. Takes as long where nothing is kept, and is then false.
    pub async fn matches(&self, password: Password, kept: Option<String>) -> Result<bool, HashError> {
        let argon2 = self.argon2.clone();
        let is_somebody = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.nobody.clone());
        self.work(move || {
            let kept = PasswordHash::new(&kept).map_err(argon2::password_hash::Error::from)?;
            match argon2.verify_password(password.0.as_bytes(), &kept) {
                Ok(()) => Ok(is_somebody),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let place = Arc::clone(&self.line).try_acquire_owned().map_err(|_| HashError::Busy)?;
        // The semaphore is never closed, so this only ever waits.
        let permit = Arc::clone(&self.cores).acquire_owned().await.ok();
        tokio::task::spawn_blocking(move || {
            // Held until the hash is done, also when the one who asked has hung up meanwhile.
            let _held = (permit, place);
            work()
        })
        .await?
    }
}

/// Of at least twelve characters and still among the first that are tried. `text` is in lower case.
fn is_common(text: &str) -> bool {
    repeats_itself(text) || is_walk(text) || COMMON.iter().any(|common| is_dressed(text, common))
}

/// One piece of at most four characters, again and again: `abcabcabcabc`.
fn repeats_itself(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    (1..=4).any(|piece| letters.iter().zip(letters.iter().skip(piece)).all(|(one, next)| one == next))
}

/// A walk along the alphabet, the digits or a row of keys, forwards or backwards, once or wrapping around.
fn is_walk(text: &str) -> bool {
    WALKS.iter().any(|walk| {
        let twice = walk.repeat(LONGEST / walk.chars().count() + 2);
        let back: String = twice.chars().rev().collect();
        twice.contains(text) || back.contains(text)
    })
}

/// A common word, bare or with digits and signs around it: `password1234!`.
fn is_dressed(text: &str, common: &str) -> bool {
    let bare = text.trim_matches(|c: char| !c.is_alphabetic());
    text == common || bare == common || bare == common.repeat(2)
}

const WALKS: &[&str] = &[
    "0123456789",
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "qwertyuiop",
    "qwertyuiopasdfghjklzxcvbnm",
    "asdfghjkl",
    "zxcvbnm",
    "йцукенгшщзхъ",
    "йцукенгшщзхъфывапролджэячсмитьбю",
    "фывапролджэ",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "qazwsxedcrfvtgbyhnujm",
    "1й2ц3у4к5е6н7г8ш9щ0з",
];

/// In lower case, without the digits and signs that people hang on them.
const COMMON: &[&str] = &[
    "administrator",
    "changeit",
    "changeme",
    "changemeplease",
    "correct horse battery staple",
    "correcthorsebatterystaple",
    "footballteam",
    "iloveyou",
    "iloveyouforever",
    "letmein",
    "letmeinplease",
    "mypassword",
    "p@ssw0rd",
    "passw0rd",
    "password",
    "qwerty",
    "qwertyuiop",
    "secret",
    "supersecret",
    "thisismypassword",
    "trustno",
    "twofront",
    "twofrontpassword",
    "unbelievable",
    "welcome",
    "welcomeback",
    "администратор",
    "любимая",
    "мойпароль",
    "пароль",
    "привет",
    "приветпривет",
    "секрет",
    "йцукен",
    "gfhjkm",
    "gfhjkmgfhjkm",
    "ghbdtn",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(raw: &str) -> Result<(), Refused> {
        Password::choose(raw, &Email::parse("anna.ivanova@twofront.example").unwrap()).map(|_| ())
    }

    #[test]
    fn twelve_characters_are_enough_and_nobody_asks_for_a_digit() {
        assert_eq!(choose("тихий вечер в саду"), Ok(()));
        assert_eq!(choose("eleven char"), Err(Refused::PasswordTooShort));
        assert_eq!(choose("twelve chars"), Ok(()));
        assert_eq!(choose(&"длинное слово".repeat(20)), Err(Refused::PasswordTooLong));
        assert_eq!(choose(&"qp".repeat(4)), Err(Refused::PasswordTooShort));
    }

    #[test]
    fn length_is_counted_in_characters_of_the_composed_form() {
        // Six letters, each of two code points before they are composed.
        assert_eq!(choose(&"и\u{306}".repeat(6)), Err(Refused::PasswordTooShort));
    }

    #[test]
    fn the_address_is_no_password() {
        assert_eq!(choose("Anna.Ivanova@Twofront.example"), Err(Refused::PasswordIsEmail));
        assert_eq!(choose("anna.ivanova"), Err(Refused::PasswordIsEmail));
        assert_eq!(choose("anna.ivanova@twofront.example1"), Err(Refused::PasswordIsEmail));
    }

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for common in [
            "aaaaaaaaaaaa",
            "abababababab",
            "123456789012",
            "321098765432",
            "qwertyuiopas",
            "йцукенгшщзхъ",
            "абвгдежзийкл",
            "Password1234",
            "!!!Пароль2026",
            "PasswordPassword",
            "Administrator",
        ] {
            assert_eq!(choose(common), Err(Refused::PasswordTooCommon), "{common}");
        }
    }

    #[test]
    fn what_only_holds_a_common_word_is_let_be() {
        assert_eq!(choose("my password is a blue whale"), Ok(()));
        assert_eq!(choose("1234567890 tall giraffes"), Ok(()));
    }

    #[tokio::test]
    async fn a_password_matches_itself_however_it_was_composed() {
        let hasher = Hasher::new(Cost::lowered_for_tests()).unwrap();
        let kept = hasher.hash(Password::typed("тихий вечер в саду")).await.unwrap();
        assert!(hasher.matches(Password::typed("тихии\u{306} вечер в саду"), Some(kept.clone())).await.unwrap());
        assert!(!hasher.matches(Password::typed("тихий вечер в лесу"), Some(kept)).await.unwrap());
        assert!(!hasher.matches(Password::typed("nobody's password"), None).await.unwrap());
    }

    #[tokio::test]
    async fn who_would_wait_too_long_is_asked_to_come_back_and_the_line_moves_on() {
        let hasher = Hasher::new(Cost::lowered_for_tests()).unwrap();
        let cores = hasher.cores.available_permits();
        assert!(cores >= 1);
        let held = Arc::clone(&hasher.line).acquire_many_owned(u32::try_from(cores + LONGEST_LINE).unwrap()).await;
        assert!(matches!(hasher.matches(Password::typed("x"), None).await, Err(HashError::Busy)));
        drop(held);
        assert!(!hasher.matches(Password::typed("x"), None).await.unwrap());
    }

    #[tokio::test]
    async fn the_house_keeps_passwords_as_owasp_asks() {
        let kept = Hasher::new(Cost::HOUSE).unwrap().nobody;
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
    }

    #[tokio::test]
    async fn a_kept_hash_that_cannot_be_read_is_an_error_and_not_a_wrong_password() {
        let hasher = Hasher::new(Cost::lowered_for_tests()).unwrap();
        assert!(hasher.matches(Password::typed("anything"), Some("plain".into())).await.is_err());
    }
}
