package text

// Problem is what is wrong with a typed value, as a code that is stable for machines (the `code` of a problem body). It
// is an error, so that errors.As finds it behind wrapping; the form engine turns the code into a sentence. It never
// holds the value itself, which may be personal data.
type Problem string

// The problems that any typed text can have. The packages address and japan add codes of their own.
const (
	Empty                Problem = "empty"                 // nothing but white space and invisible characters
	NotUTF8              Problem = "not_utf8"              // the bytes are not valid UTF-8 (hard case 3)
	ControlCharacter     Problem = "control_character"     // CR, LF, TAB, NUL, U+2028 ... where none may be (hard case 4)
	InvisibleCharacter   Problem = "invisible_character"   // U+200B, U+202E ... that nobody can see (hard case 2)
	ReplacementCharacter Problem = "replacement_character" // U+FFFD: a program before us has lost what was typed
	Noncharacter         Problem = "noncharacter"          // U+FFFE, U+1FFFF ...: never text
	LengthExceeded       Problem = "too_long"              // more than the field takes
)

// Error returns the code.
func (p Problem) Error() string { return string(p) }
