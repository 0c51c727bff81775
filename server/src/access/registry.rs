//! Who may come in: logins with their passwords, one-time links and access tokens. Pure data and
//! its rules; [`super::Access`] keeps it on disk.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::ids::ColleagueId;
use shared::words::{Email, Label};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::refused::Refused;
use super::secret::SecretDigest;

/// How long a one-time link can wait to be followed.
pub const LINK_LASTS: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The most access tokens that one colleague can have at a time.
pub const MOST_TOKENS: usize = 50;

/// All logins, by colleague.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    logins: BTreeMap<Uuid, Entry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    email: Email,
    /// In the PHC text form; none until the first link is followed.
    password: Option<String>,
    /// Sessions carry the era in which they began and end with it.
    era: u64,
    invitation: Option<Invitation>,
    tokens: Vec<TokenEntry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Invitation {
    digest: SecretDigest,
    until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct TokenEntry {
    digest: SecretDigest,
    label: Label,
    made: Timestamp,
}

/// A login as administrators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub colleague: ColleagueId,
    /// In lower case.
    pub email: Email,
    pub has_password: bool,
    /// Until when the one-time link that is out can be followed.
    pub invited_until: Option<Timestamp>,
    pub tokens: usize,
}

/// An access token as its owner sees it later: without the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Names the token in lists and when it is revoked; opens nothing.
    pub id: String,
    /// What it is for, in its owner's words.
    pub label: Label,
    pub made: Timestamp,
}

/// What a session remembers of the sign-in: whose it is, and of which era of their login. A new
/// password or a withdrawal starts another era, and with it every earlier pass is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    pub colleague: ColleagueId,
    pub(super) era: u64,
}

/// What is needed to try a password.
pub struct Lock {
    pub pass: Pass,
    pub email: Email,
    pub password: Option<String>,
}

/// An e-mail address in the one form in which logins are compared: composed and in lower case.
pub fn login_email(raw: &str) -> Result<Email, Refused> {
    let folded: String = raw.nfc().collect::<String>().to_lowercase();
    Email::parse(&folded).map_err(|_| Refused::EmailInvalid)
}

impl Registry {
    /// Gives the colleague a login, or leaves alone what is so already.
    pub fn enrol(&mut self, colleague: ColleagueId, email: Email, era: u64) -> Result<(), Refused> {
        self.is_free(colleague, &email)?;
        let entry = self.logins.entry(colleague.uuid()).or_insert_with(|| Entry {
            email: email.clone(),
            password: None,
            era,
            invitation: None,
            tokens: Vec::new(),
        });
        entry.email = email;
        Ok(())
    }

    pub fn rename(&mut self, colleague: ColleagueId, email: Email) -> Result<(), Refused> {
        self.is_free(colleague, &email)?;
        self.entry_mut(colleague)?.email = email;
        Ok(())
    }

    /// Whether there was something to withdraw.
    pub fn withdraw(&mut self, colleague: ColleagueId) -> bool {
        self.logins.remove(&colleague.uuid()).is_some()
    }

    /// Puts a one-time link in the place of any earlier one.
    pub fn invite(
        &mut self,
        colleague: ColleagueId,
        digest: SecretDigest,
        now: Timestamp,
    ) -> Result<Timestamp, Refused> {
        let until = now.saturating_add(LINK_LASTS).unwrap_or(Timestamp::MAX);
        self.entry_mut(colleague)?.invitation = Some(Invitation { digest, until });
        Ok(until)
    }

    /// Whom a one-time link is for, if it still opens anything.
    pub fn invited(&self, digest: SecretDigest, now: Timestamp) -> Option<Lock> {
        self.logins
            .iter()
            .find(|(_, entry)| entry.invitation.as_ref().is_some_and(|link| link.digest == digest && now < link.until))
            .map(|(colleague, entry)| lock(*colleague, entry))
    }

    /// Uses a one-time link up: the password is the new one, and sessions of the earlier era have ended. Where it takes
    /// the place of another one every access token is revoked: whoever needs that may have lost more than a password.
    pub fn redeem(
        &mut self,
        digest: SecretDigest,
        now: Timestamp,
        password: String,
        era: u64,
    ) -> Result<Pass, Refused> {
        let colleague = self.invited(digest, now).ok_or(Refused::LinkUnknown)?.pass.colleague;
        let entry = self.entry_mut(colleague)?;
        if entry.password.is_some() {
            entry.tokens.clear();
        }
        self.set_password(colleague, password, era)
    }

    /// Also takes any outstanding link away: it was made for the password that is gone.
    pub fn set_password(&mut self, colleague: ColleagueId, password: String, era: u64) -> Result<Pass, Refused> {
        let entry = self.entry_mut(colleague)?;
        entry.password = Some(password);
        entry.invitation = None;
        entry.era = era;
        Ok(Pass { colleague, era })
    }

    pub fn lock_of(&self, email: &Email) -> Option<Lock> {
        self.logins.iter().find(|(_, entry)| entry.email == *email).map(|(colleague, entry)| lock(*colleague, entry))
    }

    pub fn lock_of_colleague(&self, colleague: ColleagueId) -> Option<Lock> {
        self.logins.get(&colleague.uuid()).map(|entry| lock(colleague.uuid(), entry))
    }

    pub fn holds(&self, pass: &Pass) -> bool {
        self.logins.get(&pass.colleague.uuid()).is_some_and(|entry| entry.era == pass.era)
    }

    /// Whether anybody can sign in: somebody has a password.
    pub fn is_set_up(&self) -> bool {
        self.logins.values().any(|entry| entry.password.is_some())
    }

    pub fn logins(&self) -> Vec<Login> {
        self.logins
            .iter()
            .map(|(colleague, entry)| Login {
                colleague: ColleagueId::from_uuid(*colleague),
                email: entry.email.clone(),
                has_password: entry.password.is_some(),
                invited_until: entry.invitation.as_ref().map(|link| link.until),
                tokens: entry.tokens.len(),
            })
            .collect()
    }

    pub fn token_new(
        &mut self,
        colleague: ColleagueId,
        label: Label,
        digest: SecretDigest,
        now: Timestamp,
    ) -> Result<Token, Refused> {
        let token = TokenEntry { digest, label, made: now };
        let shown = shown(&token);
        let tokens = &mut self.entry_mut(colleague)?.tokens;
        if tokens.len() >= MOST_TOKENS {
            return Err(Refused::TooManyTokens);
        }
        tokens.push(token);
        Ok(shown)
    }

    pub fn token_holder(&self, digest: SecretDigest) -> Option<(ColleagueId, Token)> {
        self.logins.iter().find_map(|(colleague, entry)| {
            let token = entry.tokens.iter().find(|token| token.digest == digest)?;
            Some((ColleagueId::from_uuid(*colleague), shown(token)))
        })
    }

    pub fn tokens(&self, colleague: ColleagueId) -> Vec<Token> {
        self.logins.get(&colleague.uuid()).map(|entry| entry.tokens.iter().map(shown).collect()).unwrap_or_default()
    }

    pub fn token_revoke(&mut self, colleague: ColleagueId, id: &str) -> Result<(), Refused> {
        let tokens = &mut self.entry_mut(colleague)?.tokens;
        let before = tokens.len();
        tokens.retain(|token| token.digest.short() != id);
        if tokens.len() == before { Err(Refused::TokenUnknown) } else { Ok(()) }
    }

    fn is_free(&self, colleague: ColleagueId, email: &Email) -> Result<(), Refused> {
        match self.lock_of(email) {
            Some(other) if other.pass.colleague != colleague => Err(Refused::EmailTaken),
            Some(_) | None => Ok(()),
        }
    }

    fn entry_mut(&mut self, colleague: ColleagueId) -> Result<&mut Entry, Refused> {
        self.logins.get_mut(&colleague.uuid()).ok_or(Refused::NoLogin)
    }
}

fn lock(colleague: Uuid, entry: &Entry) -> Lock {
    Lock {
        pass: Pass { colleague: ColleagueId::from_uuid(colleague), era: entry.era },
        email: entry.email.clone(),
        password: entry.password.clone(),
    }
}

fn shown(token: &TokenEntry) -> Token {
    Token { id: token.digest.short(), label: token.label.clone(), made: token.made }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(1));
    const BORIS: ColleagueId = ColleagueId::from_uuid(Uuid::from_u128(2));
    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn email(text: &str) -> Email {
        login_email(text).unwrap()
    }

    fn registry() -> Registry {
        let mut registry = Registry::default();
        registry.enrol(ANNA, email("anna@twofront.example"), 1).unwrap();
        registry
    }

    #[test]
    fn an_address_is_compared_in_one_form() {
        assert_eq!(email(" Anna@TWOFRONT.example "), email("anna@twofront.example"));
        assert_eq!(email("АННА@почта.рф"), email("анна@почта.рф"));
        assert_eq!(login_email("anna"), Err(Refused::EmailInvalid));
    }

    #[test]
    fn one_address_is_one_person_s() {
        let mut registry = registry();
        assert_eq!(registry.enrol(BORIS, email("Anna@twofront.example"), 2), Err(Refused::EmailTaken));
        registry.enrol(BORIS, email("boris@twofront.example"), 2).unwrap();
        assert_eq!(registry.rename(BORIS, email("anna@twofront.example")), Err(Refused::EmailTaken));
        assert_eq!(registry.rename(BORIS, email("b@twofront.example")), Ok(()));
    }

    #[test]
    fn enrolling_again_changes_nothing() {
        let mut registry = registry();
        registry.set_password(ANNA, "hash".into(), 5).unwrap();
        let before = registry.clone();
        registry.enrol(ANNA, email("anna@twofront.example"), 9).unwrap();
        assert_eq!(registry, before);
    }

    #[test]
    fn nothing_is_done_for_who_has_no_login() {
        let mut registry = registry();
        assert_eq!(registry.rename(BORIS, email("b@twofront.example")), Err(Refused::NoLogin));
        assert_eq!(registry.invite(BORIS, SecretDigest::of(b"link"), NOW), Err(Refused::NoLogin));
        assert_eq!(registry.set_password(BORIS, "hash".into(), 1), Err(Refused::NoLogin));
        assert!(!registry.withdraw(BORIS));
    }

    #[test]
    fn a_link_works_for_seven_days_less_nothing() {
        let mut registry = registry();
        let link = SecretDigest::of(b"link");
        let until = registry.invite(ANNA, link, NOW).unwrap();
        assert_eq!(until, NOW + LINK_LASTS);
        assert!(registry.invited(link, until - SignedDuration::from_nanos(1)).is_some());
        assert!(registry.invited(link, until).is_none());
    }

    #[test]
    fn a_new_password_takes_the_link_and_the_earlier_passes_away() {
        let mut registry = registry();
        let link = SecretDigest::of(b"link");
        let first = registry.set_password(ANNA, "first".into(), 7).unwrap();
        assert!(registry.holds(&first));
        registry.invite(ANNA, link, NOW).unwrap();
        let second = registry.redeem(link, NOW, "second".into(), 8).unwrap();
        assert!(!registry.holds(&first));
        assert!(registry.holds(&second));
        assert_eq!(registry.redeem(link, NOW, "third".into(), 9), Err(Refused::LinkUnknown));
    }

    #[test]
    fn a_pass_from_before_a_withdrawal_stays_void_when_the_colleague_comes_back() {
        let mut registry = registry();
        let pass = registry.set_password(ANNA, "hash".into(), 7).unwrap();
        assert!(registry.withdraw(ANNA));
        assert!(!registry.holds(&pass));
        registry.enrol(ANNA, email("anna@twofront.example"), 8).unwrap();
        assert!(!registry.holds(&pass));
    }

    #[test]
    fn a_link_in_the_place_of_a_password_revokes_the_tokens_and_a_first_one_does_not() {
        let mut registry = registry();
        registry.token_new(ANNA, Label::parse("export").unwrap(), SecretDigest::of(b"tf_1"), NOW).unwrap();
        let follow = |registry: &mut Registry, link: &[u8], password: &str, era| {
            let link = SecretDigest::of(link);
            registry.invite(ANNA, link, NOW).unwrap();
            registry.redeem(link, NOW, password.into(), era).unwrap();
        };
        follow(&mut registry, b"invitation", "first", 7);
        assert_eq!(registry.tokens(ANNA).len(), 1, "the operator made it for them before they came");
        registry.set_password(ANNA, "second".into(), 8).unwrap();
        assert_eq!(registry.tokens(ANNA).len(), 1, "they changed it themselves");
        follow(&mut registry, b"reset", "third", 9);
        assert_eq!(registry.tokens(ANNA), []);
    }

    #[test]
    fn a_colleague_has_fifty_tokens_at_most() {
        let mut registry = registry();
        let make = |registry: &mut Registry, n: usize| {
            let digest = SecretDigest::of(n.to_string().as_bytes());
            registry.token_new(ANNA, Label::parse("export").unwrap(), digest, NOW)
        };
        let first = make(&mut registry, 0).unwrap();
        for n in 1..MOST_TOKENS {
            make(&mut registry, n).unwrap();
        }
        assert_eq!(make(&mut registry, MOST_TOKENS), Err(Refused::TooManyTokens));
        registry.token_revoke(ANNA, &first.id).unwrap();
        assert!(make(&mut registry, MOST_TOKENS).is_ok());
    }

    #[test]
    fn a_token_is_its_owner_s_to_revoke() {
        let mut registry = registry();
        registry.enrol(BORIS, email("boris@twofront.example"), 2).unwrap();
        let digest = SecretDigest::of(b"tf_secret");
        let token = registry.token_new(ANNA, Label::parse("nightly export").unwrap(), digest, NOW).unwrap();
        assert_eq!(registry.token_holder(digest).map(|(colleague, _)| colleague), Some(ANNA));
        assert_eq!(registry.token_revoke(BORIS, &token.id), Err(Refused::TokenUnknown));
        assert_eq!(registry.token_revoke(ANNA, &token.id), Ok(()));
        assert_eq!(registry.token_holder(digest), None);
        assert_eq!(registry.token_revoke(ANNA, &token.id), Err(Refused::TokenUnknown));
    }
}
