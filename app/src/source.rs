//! What people call the source of an import. The log keeps the words in which it was begun; what the product itself brought
//! is called in the language of whoever reads.

use crate::Lang;

crate::texts! {
    made_up(number: u64) { en: "made-up company no. {number}", ru: "выдуманная компания № {number}" }
    sample { en: "Salesforce sample", ru: "пример выгрузки Salesforce" }
}

/// What stands before the number of a generated company in the log, in either language.
const GENERATED: [&str; 2] = ["generated company, seed ", "сгенерированная компания, зерно "];

/// What stands in the log where the sample export was imported.
const SAMPLE: &str = "Salesforce sample";

/// The name of a source as it stands in the log, for this reader.
#[must_use]
pub fn called(source: &str, lang: Lang) -> String {
    let number = GENERATED.iter().find_map(|words| source.strip_prefix(words)?.parse().ok());
    match number {
        Some(number) => made_up(lang, number),
        None if source == SAMPLE => sample(lang).to_owned(),
        None => source.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_company_is_called_by_its_number_in_the_language_of_who_reads() {
        for source in ["generated company, seed 7", "сгенерированная компания, зерно 7"] {
            assert_eq!(called(source, Lang::En), "made-up company no. 7");
            assert_eq!(called(source, Lang::Ru), "выдуманная компания № 7");
        }
        assert_eq!(called("Salesforce sample", Lang::Ru), "пример выгрузки Salesforce");
    }

    #[test]
    fn what_people_brought_is_called_as_they_call_it() {
        for source in ["export-2026", "Salesforce", "generated company, seed of doubt"] {
            assert_eq!(called(source, Lang::Ru), source);
        }
    }
}
