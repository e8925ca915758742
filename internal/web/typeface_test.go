package web

import "testing"

func TestWhatThePDFCanWrite(t *testing.T) {
	tests := []struct {
		name, text, want string
		ok               bool
	}{
		{"English", "Football vs. Ridgemont", "Football vs. Ridgemont", true},
		{"western Europe", "Ermäßigt: Ærø, Œuvre, Ñandú – „Schülerinnen“ €", "Ermäßigt: Ærø, Œuvre, Ñandú – „Schülerinnen“ €", true},
		{"eastern Europe", "Łódź, Příbram, Győr, Șerban, Şırnak, Ģērmanis", "Łódź, Příbram, Győr, Șerban, Şırnak, Ģērmanis", true},
		{"Vietnamese", "Nguyễn Thị Hằng", "Nguyễn Thị Hằng", true},
		{"Greek", "Συμφωνική Ορχήστρα", "Συμφωνική Ορχήστρα", true},
		{"Cyrillic", "Абдурахманов-Преображенский, Ґалаґан", "Абдурахманов-Преображенский, Ґалаґан", true},
		{"Armenian and Georgian", "Արամ Խաչատրյան, თბილისი", "Արամ Խաչատրյան, თბილისი", true},
		{"letters that came in two pieces", "Zoe\u0308 Va\u0301squez", "Zoë Vásquez", true},
		{"no text", "", "", true},
		{"white space", "  Row\u00a0\n\t12 ", "Row 12", true},
		{"marks that nobody sees", "Ada\u202e \u200bBy\x00ron\ufeff\u200d", "Ada Byron", true},
		{"bytes that are no text", "Ada\xff", "Ada", true},
		{"a picture", "🎉 Opening Night 🎻", "Opening Night", true},
		{"a picture of two parts", "Night ❤\ufe0f", "Night ❤", true},

		{"Arabic, whose letters join", "مهرجان Open-Air", "", false},
		{"Hebrew, from right to left", "דוד", "", false},
		{"Thai, whose vowels stand above", "ชัยวัฒน์", "", false},
		{"Hindi", "आशा", "", false},
		{"Japanese", "ヨコハマ港", "", false},
		{"Korean", "김민준", "", false},
		{"Chinese beyond the first plane", "𠮷野家", "", false},
		{"an accent that has no letter of its own", "q\u0308", "", false},
		{"one foreign letter in a name", "Ada Lee 李", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := face.write(tt.text); got != tt.want || ok != tt.ok {
				t.Errorf("write(%q) = %q, %v; want %q, %v", tt.text, got, ok, tt.want, tt.ok)
			}
		})
	}
}
