package house

// A name in its own script, and as it stands in a mail address.
type name struct{ written, latin string }

// The names are common ones, put together by chance: nobody is meant.
var (
	givenNames = []name{
		{"Alice", "alice"}, {"Amir", "amir"}, {"Ana", "ana"}, {"Andre", "andre"}, {"Beatriz", "beatriz"}, {"Brooke", "brooke"},
		{"Carlos", "carlos"}, {"Chloé", "chloe"}, {"Daniel", "daniel"}, {"Deshawn", "deshawn"}, {"Elena", "elena"}, {"Emma", "emma"},
		{"Farid", "farid"}, {"Grace", "grace"}, {"Hannah", "hannah"}, {"Hiro", "hiro"}, {"Imani", "imani"}, {"Ivan", "ivan"},
		{"Jack", "jack"}, {"Jasmine", "jasmine"}, {"José", "jose"}, {"Juan", "juan"}, {"Karen", "karen"}, {"Kwame", "kwame"},
		{"Laura", "laura"}, {"Liam", "liam"}, {"Lucía", "lucia"}, {"Marcus", "marcus"}, {"María", "maria"}, {"Mei", "mei"},
		{"Nadia", "nadia"}, {"Noah", "noah"}, {"Olivia", "olivia"}, {"Owen", "owen"}, {"Priya", "priya"}, {"Rafael", "rafael"},
		{"Ruth", "ruth"}, {"Samuel", "samuel"}, {"Søren", "soren"}, {"Tessa", "tessa"}, {"Tyler", "tyler"}, {"Zoë", "zoe"},
	}
	familyNames = []name{
		{"Abbott", "abbott"}, {"Adeyemi", "adeyemi"}, {"Alvarez", "alvarez"}, {"Bauer", "bauer"}, {"Bennett", "bennett"}, {"Carter", "carter"},
		{"Chen", "chen"}, {"Cruz", "cruz"}, {"Dubois", "dubois"}, {"Evans", "evans"}, {"Fischer", "fischer"}, {"Foster", "foster"},
		{"García", "garcia"}, {"Gupta", "gupta"}, {"Hansen", "hansen"}, {"Hughes", "hughes"}, {"Ivanova", "ivanova"}, {"Jackson", "jackson"},
		{"Kim", "kim"}, {"Kowalski", "kowalski"}, {"Larsen", "larsen"}, {"Lee", "lee"}, {"López", "lopez"}, {"Mbeki", "mbeki"},
		{"Miller", "miller"}, {"Müller", "muller"}, {"Nguyen", "nguyen"}, {"Novák", "novak"}, {"Nuñez", "nunez"}, {"O'Brien", "obrien"},
		{"Okafor", "okafor"}, {"Park", "park"}, {"Patel", "patel"}, {"Ramirez", "ramirez"}, {"Rossi", "rossi"}, {"Sato", "sato"},
		{"Schmidt", "schmidt"}, {"Singh", "singh"}, {"Smith-Jones", "smithjones"}, {"Thompson", "thompson"}, {"Walker", "walker"}, {"Young", "young"},
	}
	// Some write their names in other scripts, given name first.
	otherNames = [][2]name{
		{{"Анна", "anna"}, {"Соколова", "sokolova"}}, {{"Дмитрий", "dmitri"}, {"Орлов", "orlov"}},
		{{"Ελένη", "eleni"}, {"Παππάς", "pappas"}}, {{"伟", "wei"}, {"张", "zhang"}},
		{{"秀英", "xiuying"}, {"李", "li"}}, {{"さくら", "sakura"}, {"田中", "tanaka"}},
		{{"민준", "minjun"}, {"김", "gim"}}, {{"ليلى", "layla"}, {"حداد", "haddad"}},
		{{"דוד", "david"}, {"לוי", "levi"}}, {{"आरव", "aarav"}, {"शर्मा", "sharma"}},
		{{"สมชาย", "somchai"}, {"ใจดี", "jaidee"}}, {{"გიორგი", "giorgi"}, {"მაისურაძე", "maisuradze"}},
	}
	mailHosts = []string{"example.com", "example.org", "example.net"}
	streets   = []string{"Elm Street", "Maple Avenue", "College Road", "River Drive", "Station Lane", "Orchard Way", "Prospect Street", "Old Mill Road"}
	towns     = []town{
		{"Meridian Falls", "IL", "60000"}, {"Cedar Bend", "IA", "50000"}, {"Port Ashford", "NY", "10000"}, {"Ridgeway", "WI", "53000"}, {"Lakemont", "OH", "43000"},
	}
)

// A town that no map has.
type town struct{ name, region, postalCode string }
