//! Why the door stays shut: every refusal of access that a person can do something about, with the
//! word that forms carry and the sentence that people read. The server refuses, the pages say why.

use crate::text::Lang;

/// A refusal. A form is sent back with `?refused=<code>`, a program gets a problem document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// Sign-in: the e-mail address, or the password, or both. Which one stays unsaid.
    WrongEmailOrPassword,
    /// Too many attempts failed lately; the next one counts after so many seconds.
    Wait {
        seconds: u64,
    },
    /// Change of password: the old one is another.
    WrongOldPassword,
    PasswordTooShort,
    PasswordTooLong,
    /// The password is the e-mail address, or one inside the other.
    PasswordIsEmail,
    /// Among the first that a guesser tries.
    PasswordTooCommon,
    /// The one-time link was used, replaced by a newer one, is too old, or never was.
    LinkUnknown,
    /// The set-up link when somebody has set up the product already.
    AlreadySetUp,
    EmailInvalid,
    EmailTaken,
    NameInvalid,
    LabelInvalid,
    /// No such access token among the person's own.
    TokenUnknown,
    /// The person has as many access tokens as one can have.
    TooManyTokens,
    /// The colleague has no login here.
    NoLogin,
    /// Only a person at a browser may do it, and a program's access token asked.
    NotForTokens,
    /// The product refused to record the administrator; its sentence goes with the form.
    NotRecorded,
    /// The form did not arrive whole.
    Incomplete,
    /// Too many sign in at this moment for the server to look at one more password.
    Busy,
    /// The disk took no change; the server's log says why.
    CannotSave,
}

impl Refused {
    /// Every refusal once, a wait of one second among them.
    pub const ALL: &'static [Self] = &[
        Self::WrongEmailOrPassword,
        Self::Wait { seconds: 1 },
        Self::WrongOldPassword,
        Self::PasswordTooShort,
        Self::PasswordTooLong,
        Self::PasswordIsEmail,
        Self::PasswordTooCommon,
        Self::LinkUnknown,
        Self::AlreadySetUp,
        Self::EmailInvalid,
        Self::EmailTaken,
        Self::NameInvalid,
        Self::LabelInvalid,
        Self::TokenUnknown,
        Self::TooManyTokens,
        Self::NoLogin,
        Self::NotForTokens,
        Self::NotRecorded,
        Self::Incomplete,
        Self::Busy,
        Self::CannotSave,
    ];

    /// The word in `?refused=` and at the end of a problem document's type. Never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WrongEmailOrPassword => "wrong-email-or-password",
            Self::Wait { .. } => "wait",
            Self::WrongOldPassword => "wrong-old-password",
            Self::PasswordTooShort => "password-too-short",
            Self::PasswordTooLong => "password-too-long",
            Self::PasswordIsEmail => "password-is-email",
            Self::PasswordTooCommon => "password-too-common",
            Self::LinkUnknown => "link-unknown",
            Self::AlreadySetUp => "already-set-up",
            Self::EmailInvalid => "email-invalid",
            Self::EmailTaken => "email-taken",
            Self::NameInvalid => "name-invalid",
            Self::LabelInvalid => "label-invalid",
            Self::TokenUnknown => "token-unknown",
            Self::TooManyTokens => "too-many-tokens",
            Self::NoLogin => "no-login",
            Self::NotForTokens => "not-for-tokens",
            Self::NotRecorded => "not-recorded",
            Self::Incomplete => "incomplete",
            Self::Busy => "busy",
            Self::CannotSave => "cannot-save",
        }
    }

    /// The refusal of a `?refused=` word. `seconds` is what came as `?wait=`; it only counts for [`Refused::Wait`].
    #[must_use]
    pub fn from_code(code: &str, seconds: Option<u64>) -> Option<Self> {
        let found = Self::ALL.iter().copied().find(|refused| refused.code() == code)?;
        Some(match (found.seconds(), seconds) {
            (Some(_), Some(seconds)) => Self::Wait { seconds },
            (Some(_), None) | (None, _) => found,
        })
    }

    /// How long to wait, where that is what is asked.
    #[must_use]
    pub const fn seconds(self) -> Option<u64> {
        if let Self::Wait { seconds } = self { Some(seconds) } else { None }
    }

    /// What happened and what to do, in one or two sentences.
    #[must_use]
    pub fn say(self, lang: Lang) -> String {
        self.seconds().map_or_else(|| self.sentence(lang).to_owned(), |seconds| wait(seconds, lang))
    }

    const fn sentence(self, lang: Lang) -> &'static str {
        let (en, ru) = match self {
            Self::WrongEmailOrPassword => (
                "The e-mail address or the password is wrong. Check both and try again.",
                "Адрес почты или пароль не подходят. Проверьте их и попробуйте ещё раз.",
            ),
            Self::Wait { .. } => ("Too many attempts. Wait a little.", "Слишком много попыток. Подождите немного."),
            Self::WrongOldPassword => (
                "The present password is wrong. Check it and try again.",
                "Текущий пароль не подходит. Проверьте его и попробуйте ещё раз.",
            ),
            Self::PasswordTooShort => (
                "The password is too short. Take at least 12 characters: a few words in a row are easy to remember.",
                "Пароль слишком короткий. Нужно не меньше 12 знаков: несколько слов подряд легко запомнить.",
            ),
            Self::PasswordTooLong => (
                "The password is too long. Take at most 128 characters.",
                "Пароль слишком длинный. Нужно не больше 128 знаков.",
            ),
            Self::PasswordIsEmail => (
                "The password must not be your e-mail address. Take something that only you know.",
                "Пароль не должен совпадать с адресом почты. Возьмите то, что знаете только вы.",
            ),
            Self::PasswordTooCommon => (
                "This password is among the first that others would try. Take another: a few words in a row are easy to remember.",
                "Такой пароль подберут одним из первых. Возьмите другой: несколько слов подряд легко запомнить.",
            ),
            Self::LinkUnknown => (
                "This link no longer works: it was used, or replaced by a newer one, or is older than a week. Ask your administrator for a new one.",
                "Эта ссылка больше не действует: её уже открыли, заменили новой или ей больше недели. Попросите у администратора новую.",
            ),
            Self::AlreadySetUp => ("The product is set up already. Sign in.", "Продукт уже настроен. Войдите."),
            Self::EmailInvalid => {
                ("An e-mail address looks like name@company.com.", "Адрес почты выглядит так: name@company.ru.")
            }
            Self::EmailTaken => (
                "Somebody signs in with this e-mail address already. Take another.",
                "С этим адресом почты уже входит кто-то другой. Возьмите другой адрес.",
            ),
            Self::NameInvalid => (
                "Write your name in one line of at most 200 characters.",
                "Напишите имя одной строкой, не длиннее 200 знаков.",
            ),
            Self::LabelInvalid => (
                "Write in one line what the token is for, in at most 200 characters.",
                "Напишите одной строкой, для чего нужен ключ, не длиннее 200 знаков.",
            ),
            Self::TokenUnknown => (
                "You have no such access token. It may have been revoked already.",
                "Такого ключа доступа у вас нет. Возможно, он уже отозван.",
            ),
            Self::TooManyTokens => (
                "You have 50 access tokens, and more are not given. Revoke those that nothing uses.",
                "У вас уже 50 ключей доступа, больше не выдаётся. Отзовите те, которыми ничто не пользуется.",
            ),
            Self::NoLogin => (
                "This colleague has no login here. Ask your administrator for an invitation.",
                "У этого сотрудника нет входа в систему. Попросите у администратора приглашение.",
            ),
            Self::NotForTokens => (
                "An access token cannot do this. Sign in with a browser.",
                "С ключом доступа этого сделать нельзя. Войдите через браузер.",
            ),
            Self::NotRecorded => (
                "The administrator could not be recorded. Check what you wrote and try again.",
                "Не удалось записать администратора. Проверьте, что вы написали, и попробуйте ещё раз.",
            ),
            Self::Incomplete => (
                "The form did not arrive whole. Fill it in and send it again.",
                "Форма пришла не целиком. Заполните её и отправьте ещё раз.",
            ),
            Self::Busy => (
                "Too many people are signing in at this moment. Try again in a few seconds.",
                "Сейчас одновременно входит слишком много людей. Попробуйте ещё раз через несколько секунд.",
            ),
            Self::CannotSave => (
                "Nothing was changed: the server cannot write to its disk now. Try again in a minute; if it stays so, tell your administrator.",
                "Ничего не изменилось: сервер сейчас не может записать на диск. Попробуйте через минуту; если не поможет, сообщите администратору.",
            ),
        };
        lang.pick(en, ru)
    }
}

fn wait(seconds: u64, lang: Lang) -> String {
    let (n, unit) = if seconds < 120 {
        (seconds, lang.count(seconds, ["second", "seconds"], ["секунду", "секунды", "секунд"]))
    } else {
        let minutes = seconds.div_ceil(60);
        (minutes, lang.count(minutes, ["minute", "minutes"], ["минуту", "минуты", "минут"]))
    };
    match lang {
        Lang::En => format!("Too many attempts have failed. Try again in {n} {unit}."),
        Lang::Ru => format!("Слишком много неудачных попыток. Попробуйте снова через {n} {unit}."),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_its_own_and_leads_back() {
        let codes: BTreeSet<_> = Refused::ALL.iter().map(|refused| refused.code()).collect();
        assert_eq!(codes.len(), Refused::ALL.len());
        for refused in Refused::ALL {
            assert_eq!(Refused::from_code(refused.code(), None), Some(*refused));
        }
        assert_eq!(Refused::from_code("sesame", None), None);
        assert_eq!(Refused::from_code("wait", Some(40)), Some(Refused::Wait { seconds: 40 }));
    }

    #[test]
    fn every_refusal_speaks_both_languages() {
        for refused in Refused::ALL {
            assert!(refused.say(Lang::En).is_ascii(), "{refused:?}");
            assert!(refused.say(Lang::Ru).chars().any(|c| ('а'..='я').contains(&c)), "{refused:?}");
        }
    }

    #[test]
    fn a_wait_is_said_in_round_units() {
        assert_eq!(wait(1, Lang::Ru), "Слишком много неудачных попыток. Попробуйте снова через 1 секунду.");
        assert_eq!(wait(119, Lang::En), "Too many attempts have failed. Try again in 119 seconds.");
        assert_eq!(wait(121, Lang::Ru), "Слишком много неудачных попыток. Попробуйте снова через 3 минуты.");
    }
}
