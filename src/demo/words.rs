//! The words of the shop: people, places, goods. All invented for this program.

/// First names.
pub(super) const FIRST_NAMES: &[&str] = &[
    "Ada", "Akiko", "Alena", "Amara", "Amir", "Anders", "Anouk", "Arjun", "Astrid", "Bashir", "Beatriz", "Bjarne",
    "Bruno", "Camila", "Cedric", "Chiara", "Clara", "Daan", "Dalia", "Daniel", "Deniz", "Diego", "Edith", "Elias",
    "Elif", "Emil", "Esther", "Farah", "Felix", "Fiona", "Gabriel", "Giulia", "Greta", "Hana", "Hassan", "Helena",
    "Hugo", "Ida", "Ines", "Isabel", "Ivan", "Jakob", "Jana", "Jonas", "Joris", "Julia", "Kaito", "Karin", "Katja",
    "Kofi", "Lars", "Leila", "Lena", "Leo", "Lina", "Lucia", "Luis", "Magnus", "Maia", "Marek", "Marta", "Mateo",
    "Maya", "Mei", "Milan", "Mina", "Nadia", "Naomi", "Niko", "Nina", "Noor", "Olga", "Omar", "Oscar", "Paula",
    "Pavel", "Petra", "Priya", "Rafael", "Ravi", "Rosa", "Ruben", "Samir", "Sara", "Selma", "Simon", "Sofia", "Sven",
    "Tara", "Theo", "Tomas", "Ugo", "Vera", "Victor", "Wanda", "Yara", "Yusuf", "Zoe",
];

/// Family names.
pub(super) const LAST_NAMES: &[&str] = &[
    "Abel", "Adeyemi", "Almeida", "Andersen", "Arslan", "Bakker", "Barros", "Bauer", "Becker", "Bergman", "Bianchi",
    "Blanc", "Brandt", "Castro", "Cermak", "Chen", "Costa", "Dahl", "Delgado", "Demir", "Dubois", "Eriksen", "Farkas",
    "Ferrari", "Fischer", "Fontaine", "Garcia", "Gruber", "Haddad", "Hansen", "Herrera", "Hoffmann", "Horvat",
    "Hussein", "Ito", "Ivanova", "Jansen", "Jensen", "Kaplan", "Karlsson", "Keller", "Khan", "Kimura", "Kovacs",
    "Kowalski", "Kruger", "Kumar", "Lambert", "Larsen", "Lehmann", "Leroy", "Lindgren", "Lopez", "Marino", "Martin",
    "Mendes", "Meyer", "Moreau", "Moretti", "Mori", "Nagy", "Navarro", "Nielsen", "Novak", "Okafor", "Olsen", "Ortega",
    "Patel", "Pereira", "Petrov", "Popescu", "Ramos", "Rao", "Reyes", "Ricci", "Romero", "Rossi", "Roux", "Saito",
    "Santos", "Schmid", "Schuster", "Silva", "Singh", "Sorensen", "Suzuki", "Tanaka", "Torres", "Vargas", "Vega",
    "Visser", "Vogel", "Wagner", "Weber", "Weiss", "Winter", "Yilmaz", "Zeman", "Ziegler",
];

/// Cities with their countries and how many customers live there, relative to each other.
pub(super) const CITIES: &[(&str, &str, usize)] = &[
    ("Berlin", "Germany", 9),
    ("Hamburg", "Germany", 6),
    ("Munich", "Germany", 7),
    ("Cologne", "Germany", 4),
    ("Leipzig", "Germany", 2),
    ("Vienna", "Austria", 5),
    ("Graz", "Austria", 1),
    ("Zurich", "Switzerland", 4),
    ("Geneva", "Switzerland", 2),
    ("Paris", "France", 8),
    ("Lyon", "France", 4),
    ("Nantes", "France", 2),
    ("Amsterdam", "Netherlands", 5),
    ("Utrecht", "Netherlands", 2),
    ("Brussels", "Belgium", 3),
    ("Ghent", "Belgium", 1),
    ("Madrid", "Spain", 6),
    ("Barcelona", "Spain", 6),
    ("Valencia", "Spain", 2),
    ("Lisbon", "Portugal", 3),
    ("Porto", "Portugal", 2),
    ("Milan", "Italy", 5),
    ("Rome", "Italy", 5),
    ("Turin", "Italy", 2),
    ("Copenhagen", "Denmark", 3),
    ("Aarhus", "Denmark", 1),
    ("Stockholm", "Sweden", 4),
    ("Malmo", "Sweden", 1),
    ("Oslo", "Norway", 3),
    ("Bergen", "Norway", 1),
    ("Helsinki", "Finland", 2),
    ("Warsaw", "Poland", 5),
    ("Krakow", "Poland", 3),
    ("Prague", "Czechia", 4),
    ("Brno", "Czechia", 1),
    ("Budapest", "Hungary", 3),
    ("Dublin", "Ireland", 3),
    ("London", "United Kingdom", 9),
    ("Leeds", "United Kingdom", 2),
    ("Glasgow", "United Kingdom", 2),
    ("Toronto", "Canada", 4),
    ("Montreal", "Canada", 3),
];

/// Street names, without a number.
pub(super) const STREETS: &[&str] = &[
    "Station Road",
    "Mill Lane",
    "Garden Street",
    "Harbour Street",
    "Church Square",
    "School Lane",
    "River Walk",
    "Market Street",
    "Hill Road",
    "Linden Avenue",
    "Oak Avenue",
    "Bridge Street",
    "Castle Street",
    "Forest Way",
    "Orchard Lane",
    "Canal Street",
    "Park Road",
    "Tower Street",
    "Meadow Lane",
    "Old Wall Street",
];

/// A department of the shop and its sections.
pub(super) struct Department {
    pub(super) name: &'static str,
    /// Each section with the goods sold there and their usual price in cents.
    pub(super) sections: &'static [(&'static str, &'static [&'static str], i64)],
}

/// What is sold.
pub(super) const DEPARTMENTS: &[Department] = &[
    Department {
        name: "Kitchen",
        sections: &[
            ("Cookware", &["Saucepan", "Frying Pan", "Casserole", "Wok", "Stockpot"], 4990),
            ("Knives", &["Chef's Knife", "Bread Knife", "Paring Knife", "Cleaver"], 3890),
            ("Coffee & Tea", &["Coffee Grinder", "Teapot", "French Press", "Kettle", "Milk Jug"], 3490),
            ("Baking", &["Cake Tin", "Rolling Pin", "Mixing Bowl", "Bread Basket"], 1990),
        ],
    },
    Department {
        name: "Home",
        sections: &[
            ("Lighting", &["Desk Lamp", "Floor Lamp", "Lantern", "Reading Light"], 5490),
            ("Textiles", &["Blanket", "Cushion", "Bath Towel", "Bed Linen", "Curtain"], 2990),
            ("Storage", &["Basket", "Shelf Box", "Coat Rack", "Shoe Rack"], 2490),
            ("Furniture", &["Side Table", "Stool", "Bookcase", "Armchair"], 14_900),
        ],
    },
    Department {
        name: "Garden",
        sections: &[
            ("Tools", &["Spade", "Rake", "Secateurs", "Hand Fork", "Watering Can"], 2290),
            ("Plants & Pots", &["Flower Pot", "Herb Planter", "Seed Box", "Trellis"], 1690),
            ("Outdoor Living", &["Hammock", "Parasol", "Fire Bowl", "Garden Bench"], 8900),
        ],
    },
    Department {
        name: "Office",
        sections: &[
            ("Paper Goods", &["Notebook", "Sketchbook", "Planner", "Letter Set"], 1290),
            ("Writing", &["Fountain Pen", "Pencil Set", "Marker Set", "Ink Bottle"], 1890),
            ("Desk", &["Desk Organiser", "Monitor Stand", "Desk Pad", "Book Stand"], 3290),
        ],
    },
    Department {
        name: "Outdoors",
        sections: &[
            ("Camping", &["Tent", "Sleeping Bag", "Camp Stove", "Lunch Box", "Head Torch"], 6990),
            ("Bags", &["Backpack", "Duffel Bag", "Shoulder Bag", "Dry Bag"], 7490),
            ("Cycling", &["Pannier", "Bicycle Bell", "Bottle Cage", "Repair Kit"], 2690),
        ],
    },
];

/// What goods are made of or look like; stands in front of their names.
pub(super) const FINISHES: &[&str] = &[
    "Oak",
    "Walnut",
    "Beech",
    "Bamboo",
    "Copper",
    "Brass",
    "Steel",
    "Enamel",
    "Linen",
    "Wool",
    "Cotton",
    "Felt",
    "Cork",
    "Slate",
    "Ceramic",
    "Glass",
    "Cast Iron",
    "Canvas",
    "Recycled",
    "Compact",
    "Classic",
    "Large",
    "Small",
    "Nordic",
    "Striped",
    "Matt Black",
    "Forest Green",
    "Sky Blue",
    "Sand",
];

/// Stars, and what customers write with them.
pub(super) const COMMENTS: [(i64, &[&str]); 5] = [
    (
        1,
        &["Broke after a week.", "Arrived damaged, twice.", "Not what the picture shows.", "Smells odd and came late."],
    ),
    (2, &["Smaller than I thought.", "Works, but feels cheap.", "The colour is off.", "Instructions are missing."]),
    (3, &["It is all right.", "Does what it should, no more.", "Fine for the price.", "Good idea, average finish."]),
    (4, &["Very happy with it.", "Solid and well made.", "Nice, just a bit heavy.", "A present that went down well."]),
    (5, &["Lovely. I ordered a second one.", "Could not be better.", "Used every day since.", "Beautiful work."]),
];

/// Titles of the staff below the heads of department.
pub(super) const TITLES: &[&str] =
    &["Sales Advisor", "Support Agent", "Buyer", "Warehouse Clerk", "Accountant", "Planner"];
