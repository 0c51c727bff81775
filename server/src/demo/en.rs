//! The generated company in English: a maker of packaging lines and those who work with it.

use shared::words::BuyingRole;

use super::rng::Rng;
use super::words::{Firm, Person, Tongue, Trade, latin};

pub(super) const TONGUE: Tongue = Tongue {
    units: &[
        (Trade::Sales, "Sales", None),
        (Trade::Sales, "Key Accounts", Some(0)),
        (Trade::Logistics, "Logistics", None),
        (Trade::Logistics, "Warehouse", Some(2)),
        (Trade::Engineering, "Engineering", None),
        (Trade::Service, "Field Service", None),
        (Trade::Finance, "Finance", None),
        (Trade::Legal, "Legal", None),
        (Trade::Quality, "Quality", None),
    ],
    jobs: |trade| match trade {
        Trade::Sales => ("Head of Sales", "Sales engineer"),
        Trade::Logistics => ("Head of Logistics", "Shipping planner"),
        Trade::Engineering => ("Head of Engineering", "Design engineer"),
        Trade::Service => ("Head of Field Service", "Service engineer"),
        Trade::Finance => ("Head of Finance", "Credit controller"),
        Trade::Legal => ("Head of Legal", "Contract lawyer"),
        Trade::Quality => ("Head of Quality", "Quality engineer"),
    },
    kam: "Key account manager",
    director: "Managing director",
    person,
    company,
    posts: &[
        ("Head of Purchasing", "Purchasing", Some(BuyingRole::Buyer)),
        ("Plant Manager", "Production", Some(BuyingRole::Decider)),
        ("Maintenance Manager", "Maintenance", Some(BuyingRole::User)),
        ("Operations Director", "Operations", Some(BuyingRole::Decider)),
        ("Technical Director", "Engineering", Some(BuyingRole::Influencer)),
        ("Category Buyer", "Purchasing", Some(BuyingRole::Buyer)),
        ("Project Engineer", "Engineering", Some(BuyingRole::Initiator)),
        ("Executive Assistant", "Management", Some(BuyingRole::Gatekeeper)),
        ("Finance Director", "Finance", Some(BuyingRole::Influencer)),
        ("Shift Leader", "Production", None),
        ("Warehouse Manager", "Logistics", Some(BuyingRole::User)),
    ],
    notes: &[
        "Prefers a call before nine.",
        "Wants figures first, slides never.",
        "Sails; ask about the boat.",
        "Came from a competitor and knows our machines well.",
        "Decides fast when the risk is on paper.",
        "Two children at school, no meetings after four.",
        "Likes to be shown the plant before anything else.",
    ],
    places: &[
        "Their plant, hall 2",
        "Their head office",
        "Our office",
        "Their warehouse, gate 4",
        "Hotel lobby by the station",
        "Our demonstration centre",
        "Their canteen",
    ],
    in_person: &[
        "Met {who} at <their office|the plant|the new site>.",
        "{who} walked us through <the filling hall|the new warehouse|the palletising area|the night shift's line>.",
        "On site with <service|engineering|logistics>; {who} received us.",
        "Lunch with {who}, then a round <through the warehouse|along the line|over the loading dock>.",
        "Review meeting: {who} and <two people from maintenance|the shift leaders|the project team>.",
        "Half a day at the plant. {who} had <the downtime figures|last month's complaints|the layout of the new hall> ready.",
    ],
    our_call: &[
        "Called {who}.",
        "Short call with {who}.",
        "Reached {who} <between two meetings|on the road|at last>.",
        "Rang {who} to follow up on <the offer|the last visit|the delivery>.",
    ],
    their_call: &[
        "{who} called.",
        "{who} rang <in a hurry|first thing in the morning|from the line>.",
        "Unexpected call: {who}, <about the delivery|about the invoice|about the machine>.",
    ],
    video: &[
        "Video meeting with {who} and <purchasing|their engineers|finance>.",
        "Screen shared, {who} and <three|four> of the team on the call.",
        "Monthly video review with {who}.",
    ],
    our_letter: &[
        "Wrote to {who} with <the revised offer|the minutes|the drawings|the delivery plan>.",
        "Sent {who} <the service report|the price list|the acceptance protocol>; receipt confirmed.",
    ],
    their_letter: &[
        "{who} wrote.",
        "Letter from {who} <with questions|with a list of open points|copied to their director>.",
        "{who} answered our mail of last week.",
    ],
    message: &["{who} sent a message.", "Quick exchange with {who}.", "{who} asked in the chat:"],
    fair: &[
        "Met {who} at <the trade fair|the industry conference|our open day>.",
        "{who} came to our stand and stayed <half an hour|longer than planned>.",
    ],
    matters: &[
        "They want the shipment <one week|two weeks> earlier.",
        "Talked about <the second line|the service contract|spare parts on consignment|the new packaging format>.",
        "They asked who will run commissioning.",
        "Last week's stop cost them a whole shift; they expect an analysis.",
        "The budget for next year is decided before the end of the quarter.",
        "They compare us with <one competitor|two competitors>; start-up time decides.",
        "They want 60 days to pay, their finance insists.",
        "A tender for the palletiser is being prepared; a first estimate would help.",
        "The complaint about the drive is closed, the memory of it is not.",
        "The new technical director wants to see our production.",
        "They take {n} more format sets if the price holds.",
        "Went through the {n} open points from acceptance.",
        "They need drawings of the guarding for their safety review.",
        "Storage on their side is full, so we should split the delivery.",
        "Their energy figures look good: <six|nine|eleven> per cent below the old line.",
        "They would act as a reference if start-up goes well.",
        "The framework agreement runs out in <spring|summer|autumn>.",
        "Operators need another training day, the night shift was left out.",
        "They measured <84|88|91> per cent availability; we promised more.",
        "Compared the cost of a stop with the cost of a spare gearbox on site.",
        "They ask for one contact for all plants instead of four.",
        "Their customer changes the carton; the line must follow by <March|June|September>.",
        "Discussed remote access; their IT wants it in writing.",
        "They plan a plant in <Poland|Spain|Romania> and want us to look at the layout.",
    ],
    ends: [
        &[
            "Good mood, next meeting agreed.",
            "They are happy with how start-up went.",
            "Ready to sign if the date holds.",
            "They thanked us for the quick help.",
            "Trust is back.",
            "They want to go on with us.",
        ],
        &[
            "They expect our answer this week.",
            "Decision after their next board meeting.",
            "We come back to it in a month.",
            "Nothing settled yet.",
            "Open on both sides.",
            "They will check and call.",
        ],
        &[
            "They are unhappy with the dates and said so.",
            "Hard talk: the third delay this quarter.",
            "They are looking at other suppliers, openly.",
            "The invoice stays unpaid until this is solved.",
            "The director will write to ours.",
        ],
    ],
    planned: &[
        "Quarterly review with {who}.",
        "Visit to the plant, {who} shows the new line.",
        "Price round with {who}.",
        "Handover of the spare parts list to {who}.",
    ],
    internal: &[
        "Brief with the unit.",
        "Stand-up on {client}.",
        "Sat down with the planners.",
        "Weekly round, {client} first.",
        "Talked it through at the machine.",
        "Call between units.",
    ],
    internal_matters: &[
        "Who takes the <site survey|commissioning|acceptance>?",
        "The same engineer is wanted by <two|three> accounts in one week.",
        "Shipping can hold one slot until <Thursday|Friday>.",
        "The discount goes below the line, so it needs a reason.",
        "Quality wants the returned drive before anything is promised.",
        "Legal accepts the penalty clause with a cap.",
        "Agreed to show {client} the delay before they find it.",
        "The spare gearbox is in stock, but reserved for another account.",
        "Overtime on Saturday would save the date; who bears the cost?",
        "Nobody had told the warehouse about the split delivery.",
        "Service has <two|three> days left this month.",
        "Finance will not release without the signed protocol.",
    ],
    steps: &[
        "Send the revised offer",
        "Send the drawings of the guarding",
        "Confirm the date of shipment",
        "Call back about the payment terms",
        "Bring the service report to the next visit",
        "Name the engineer for commissioning",
        "Ask for the downtime figures of last quarter",
        "Prepare the training day for the night shift",
        "Check the stock of format sets",
        "Agree a date with their maintenance",
        "Send minutes",
        "Find a reference customer to visit",
    ],
    dropped: &[
        "They solved it themselves.",
        "No longer wanted after the last visit.",
        "Part of the new offer now.",
        "The project was postponed.",
    ],
    asks: |trade| match trade {
        Trade::Sales => &[
            (
                "Price the second line for {client} with and without installation.",
                &["Priced, both variants are in the offer.", "Priced: installation adds a seventh."],
            ),
            (
                "Compare our offer to {client} with the competitor's, line by line.",
                &[
                    "Compared; we are dearer by four per cent and faster by six weeks.",
                    "Compared; theirs leaves out installation and training.",
                ],
            ),
            (
                "Take over the small orders of {client} during my leave.",
                &["Three orders taken and shipped, the list is handed back.", "No orders came, one call did."],
            ),
        ],
        Trade::Logistics => &[
            (
                "Bring the shipment to {client} forward by a week.",
                &[
                    "Left on the earlier date, papers complete.",
                    "Slot confirmed with their warehouse, it leaves on Monday.",
                ],
            ),
            (
                "Split the delivery to {client} into <two|three> lots.",
                &["Split; the first lot is on the road.", "Split; the dates are agreed with their warehouse."],
            ),
            (
                "Find a haulier with a tail lift for {client}.",
                &["Found one, the driver knows about the gate.", "Found one in the next county, a little dearer."],
            ),
            (
                "Keep {n} format sets for {client} in the warehouse.",
                &["Set aside until the end of the month, the shelf is labelled."],
            ),
            (
                "Clear the customs papers for {client} before Friday.",
                &["Cleared by customs.", "Papers handed in, release received."],
            ),
            (
                "Tell {client} the day and hour of unloading.",
                &["Told them: Tuesday, eight in the morning.", "Slot confirmed with their warehouse."],
            ),
        ],
        Trade::Engineering => &[
            (
                "Check whether the line of {client} takes the new carton.",
                &[
                    "Works with a longer infeed; drawing attached to the order.",
                    "Too tall by two millimetres; we proposed another flap.",
                ],
            ),
            (
                "Drawings of the guarding for {client}, with dimensions.",
                &["Drawings sent, dimensions checked on site.", "Sent, one sheet is still open."],
            ),
            (
                "Layout for the new hall of {client}.",
                &["Layout sent, they have two remarks.", "Two variants are ready, the second saves a bay."],
            ),
            (
                "Find out why the drive at {client} runs hot.",
                &["Cause found: a worn bearing, not the drive.", "It lacked air: the cover was changed."],
            ),
            (
                "Quote the retrofit of the infeed for {client}.",
                &["Quoted with a reserve of one week.", "Quoted: a new section is cheaper than the retrofit."],
            ),
        ],
        Trade::Service => &[
            (
                "An engineer at {client} for two days, line 2 stands.",
                &["Line runs again, report signed.", "Running since the second evening, report signed."],
            ),
            (
                "Train the night shift of {client}.",
                &["Trained nine people, list is with the plant.", "The shift is trained, two people come again."],
            ),
            (
                "Yearly inspection at {client} before the season.",
                &["Inspection done, three parts to replace.", "Inspection done, nothing found."],
            ),
            (
                "Commissioning at {client}: name who goes.",
                &["Engineer named, dates agreed with the plant.", "Two go, the plant has their names."],
            ),
            (
                "Take the spare gearbox to {client} and swap it.",
                &["Gearbox swapped, the old one is here for analysis."],
            ),
        ],
        Trade::Finance => &[
            (
                "Approve 60 days for {client}.",
                &["Approved with a credit limit.", "Approved 45 days, more after the quarter."],
            ),
            (
                "Release the shipment to {client} despite the open invoice.",
                &["Released once.", "Released on a letter from their director."],
            ),
            (
                "Credit note for the returned parts of {client}.",
                &["Credit note is out.", "Credit note is out and accepted."],
            ),
            (
                "Profitability of {client} over the last year.",
                &["Worked out: above average, the service pays.", "Worked out: urgent visits eat most of it."],
            ),
        ],
        Trade::Legal => &[
            (
                "Check the penalty clause in the contract of {client}.",
                &["Clause accepted with a cap of five per cent.", "Clause rewritten, the draft is with their lawyers."],
            ),
            ("Non-disclosure agreement for {client} before the visit.", &["Signed by both sides."]),
            (
                "Renew the framework agreement with {client}.",
                &["Renewed for two years.", "Draft is with their lawyers, no objections so far."],
            ),
            (
                "Remote access at {client}: what may we sign?",
                &["During a repair and with their consent; the text is sent."],
            ),
        ],
        Trade::Quality => &[
            (
                "Analyse the returned drive of {client}.",
                &["Report sent: an assembly mistake on our side.", "Report sent: overload, no warranty case."],
            ),
            (
                "Acceptance protocol for {client} with measured values.",
                &["Protocol signed.", "Protocol ready, one value is measured again."],
            ),
            ("Answer the complaint of {client} in writing.", &["Answered, they accept the explanation."]),
            (
                "Audit questionnaire of {client}, {n} questions.",
                &["Filled in and sent.", "Filled in, the lawyers answer two of them."],
            ),
        ],
    },
    declines: &[
        "Nobody free before the end of the month.",
        "That is the client's own job under the contract.",
        "We lack the drawings to say anything.",
        "Two other key accounts come first this week.",
        "Not without an order number.",
        "This belongs to another unit.",
        "The deadline cannot be met honestly.",
    ],
    returns: &[
        "The serial number is wrong, we cannot find the machine.",
        "The plant does not answer, we need a name.",
        "More than was asked for: this is a project.",
        "The engineer fell ill, nobody can take over in time.",
        "The data are from last year.",
    ],
    again: &[
        "The serial number is checked now.",
        "Second try, with the drawings.",
        "The client agrees to a later date.",
        "Order number attached.",
    ],
    escalations: &[
        "No answer for a week, and the line stands.",
        "Two units point at each other.",
        "The client's director is involved.",
        "Every day costs a penalty.",
    ],
    withdrawals: &[
        "The client solved it another way.",
        "Settled on the phone.",
        "The order was cancelled.",
        "Asked the wrong unit.",
    ],
    corrections: &[
        "Added: they also asked about the warranty.",
        "Correction: the figure was for line 1.",
        "Added: their director joined for the last half hour.",
        "Correction: they said June, not July.",
    ],
    retractions: &["Logged on the wrong account.", "Entered twice.", "That conversation was private."],
    tiers: [
        &[
            "The largest plant of its kind in the region, and open books.",
            "A sixth of our service revenue; a reference for the whole industry.",
        ],
        &[
            "Grew by a third in two years and buys everything from us.",
            "Three plants, one decision: who wins the first wins all.",
        ],
        &["Small today, builds a second plant next year.", "Curious, fast, worth a try."],
    ],
    closings: &["Production was moved abroad.", "Merged with a client of ours.", "Insolvent."],
    phone: |rng| format!("+44 20 7946 {:04}", rng.below(1000)),
};

const MEN: &[&str] = &[
    "James", "Oliver", "Thomas", "Henry", "Daniel", "Patrick", "Graham", "Martin", "Simon", "Andrew", "Colin",
    "Edward", "Niall", "Peter", "Stephen", "Callum",
];
const WOMEN: &[&str] = &[
    "Helen", "Claire", "Fiona", "Margaret", "Ruth", "Alison", "Joanna", "Emily", "Sarah", "Louise", "Karen", "Nora",
    "Isobel", "Hannah", "Grace", "Priya",
];
const FAMILIES: &[&str] = &[
    "Marsh",
    "Holloway",
    "Whitaker",
    "Brennan",
    "Fletcher",
    "Ashworth",
    "Kerr",
    "Donnelly",
    "Pemberton",
    "Shah",
    "Lowe",
    "Barclay",
    "Hughes",
    "Sinclair",
    "Osborne",
    "Tanner",
    "Reeve",
    "Gallagher",
    "Byrne",
    "Thornton",
    "Wainwright",
    "Doyle",
    "Carver",
    "Eastwood",
    "Mercer",
    "Nolan",
    "Prescott",
    "Quinn",
    "Radcliffe",
    "Stanton",
    "Underhill",
    "Vickers",
];

fn person(rng: &mut Rng) -> Person {
    let female = rng.percent(48);
    let given = rng.pick(if female { WOMEN } else { MEN });
    let family = rng.pick(FAMILIES);
    let full = format!("{given} {family}");
    Person { mailbox: format!("{}.{}", latin(given), latin(family)), polite: full.clone(), full, female }
}

fn company(n: u64) -> Firm {
    const FIRST: &[&str] = &[
        "Northgate",
        "Harbour",
        "Bluebell",
        "Ironbridge",
        "Meadow",
        "Kestrel",
        "Stonefield",
        "Westmoor",
        "Silverbeck",
        "Highland",
        "Oakwell",
        "Fairway",
        "Redbrook",
        "Castleford",
        "Greenhill",
        "Millrace",
        "Ashdown",
        "Copperfield",
        "Larkhill",
        "Eastmere",
        "Thistle",
        "Brightwater",
        "Elmstead",
        "Foxglove",
        "Goldcrest",
        "Hazelmere",
        "Inverlea",
        "Juniper",
        "Kingsmill",
        "Lindisfarne",
        "Moorland",
        "Netherby",
        "Orchard",
        "Pennine",
        "Quayside",
        "Ravenscar",
        "Saltmarsh",
        "Tamarisk",
        "Ullswater",
        "Viaduct",
        "Wayland",
        "Yarrow",
        "Beacon",
        "Cavendish",
        "Dunmore",
    ];
    const SECOND: &[(&str, &str)] = &[
        ("Dairies", "Dairy"),
        ("Foods", "Food and beverages"),
        ("Bakeries", "Bakery"),
        ("Breweries", "Brewing"),
        ("Pharma", "Pharmaceuticals"),
        ("Cosmetics", "Cosmetics"),
        ("Paper", "Paper and board"),
        ("Packaging", "Packaging"),
        ("Logistics", "Logistics"),
        ("Mills", "Milling"),
        ("Farms", "Agriculture"),
        ("Chemicals", "Household chemicals"),
        ("Confectionery", "Confectionery"),
        ("Waters", "Food and beverages"),
        ("Frozen Foods", "Frozen food"),
        ("Pet Foods", "Pet food"),
        ("Ceramics", "Building materials"),
        ("Timber", "Building materials"),
        ("Textiles", "Textiles"),
        ("Coffee", "Tea and coffee"),
        ("Oils", "Edible oils"),
        ("Spices", "Food and beverages"),
        ("Home Care", "Household chemicals"),
        ("Distillers", "Distilling"),
        ("Seafoods", "Fish and seafood"),
        ("Provisions", "Food and beverages"),
        ("Produce", "Frozen food"),
        ("Glass", "Glass"),
    ];
    const FORMS: &[&str] = &["Ltd", "plc", "Group", "& Sons"];
    const CITIES: &[(&str, &str)] = &[
        ("Manchester", "United Kingdom"),
        ("Leeds", "United Kingdom"),
        ("Bristol", "United Kingdom"),
        ("Glasgow", "United Kingdom"),
        ("Dublin", "Ireland"),
        ("Cork", "Ireland"),
        ("Rotterdam", "Netherlands"),
        ("Antwerp", "Belgium"),
        ("Hamburg", "Germany"),
        ("Gothenburg", "Sweden"),
        ("Aarhus", "Denmark"),
        ("Lyon", "France"),
        ("Sheffield", "United Kingdom"),
        ("Cardiff", "United Kingdom"),
    ];
    let (first, (second, industry), form) = super::parts_of(n, FIRST, SECOND, FORMS);
    // One name, one city: the branches of a group are called alike.
    let place = FIRST.iter().position(|name| *name == first).unwrap_or_default();
    let (city, country) = CITIES.iter().copied().cycle().nth(place).unwrap_or_default();
    Firm { name: format!("{first} {second} {form}"), industry, city, country }
}
