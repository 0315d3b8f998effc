package policy

import (
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// item is what the requirements say of a field: its name and type, whether it must be filled in, its class.
type item struct {
	name     string
	t        FieldType
	required bool
	class    Classification
}

func itemsOf(fields []Field) []item {
	var got []item
	for _, f := range fields {
		got = append(got, item{f.Name, f.Type, f.Required, f.Class})
	}
	return got
}

func mailsOf(c Code) map[string][]MailKind {
	got := map[string][]MailKind{}
	for _, p := range Get(c).Purposes {
		got[p.Code] = p.Mails
	}
	return got
}

func same[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(item{})); diff != "" {
		t.Errorf("(-required +declared)\n%s", diff)
	}
}

// Each subtest holds the declarations to one duty of the policy, literally.
func TestRequirement(t *testing.T) {
	every := []Code{Access, Newsletter, Press, Events, Questionnaire, Photos, Inquiry, Publications}
	japaneseOnly := func(c Code) func(*testing.T) {
		return func(t *testing.T) {
			same(t, []Language{Japanese}, Get(c).Languages)
			if got := JapaneseOnly(Get(c), English); !strings.HasPrefix(got, "This form is available in Japanese only.") {
				t.Errorf("an English reader is told %q", got)
			}
		}
	}
	bothLanguages := func(c Code) func(*testing.T) {
		return func(t *testing.T) {
			same(t, []Language{Japanese, English}, Get(c).Languages)
			same(t, "", JapaneseOnly(Get(c), English))
		}
	}
	fields := func(c Code, want ...item) func(*testing.T) {
		return func(t *testing.T) { same(t, want, itemsOf(Get(c).Fields)) }
	}
	purposes := func(c Code, want ...string) func(*testing.T) {
		return func(t *testing.T) {
			var got []string
			for _, p := range Get(c).Purposes {
				got = append(got, p.Text.EN)
			}
			same(t, want, got)
		}
	}

	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"R1_policy_version_is_the_day_of_the_policy", func(t *testing.T) {
			same(t, "2022-09-08", Version)
			for _, f := range []string{"policy_version", "form_version", "language", "channel", "submitted_at"} {
				if !slices.ContainsFunc(Stamps(), func(s Field) bool { return s.Name == f }) {
					t.Errorf("no submission is stamped with %s", f)
				}
			}
		}},
		{"R3_intake_channels_are_named", func(t *testing.T) {
			got := map[Code][]Channel{}
			for _, s := range Services() {
				got[s.Code] = s.Channels
			}
			same(t, map[Code][]Channel{
				Access: nil, Newsletter: {"form", "staff", "import"}, Press: {"form", "staff", "import"}, Events: {"form", "staff"},
				Questionnaire: {"form"}, Photos: {"form"}, Inquiry: {"form", "inbound_mail", "staff"}, Publications: {"form", "staff"},
			}, got)
		}},
		{"R4_R6_every_item_has_a_service_a_purpose_and_a_reason", func(t *testing.T) {
			for _, s := range Services() {
				if len(s.Purposes) == 0 || s.Section == "" {
					t.Errorf("%s has no purpose or no section of the policy", s.Code)
				}
				for _, f := range append(slices.Clone(s.Fields), s.Recorded...) {
					if f.Why.JA == "" || f.Why.EN == "" || f.Label.JA == "" || f.Label.EN == "" {
						t.Errorf("%s: item %s says not what it is or why it is asked: %+v", s.Code, f.Name, f)
					}
				}
			}
		}},
		{"R5_service_registry_has_exactly_these_codes", func(t *testing.T) {
			var got []Code
			for _, s := range Services() {
				got = append(got, s.Code)
			}
			same(t, every, got)
			same(t, []Code{"access", "newsletter", "press", "events", "questionnaire", "photos", "inquiry", "publications"}, got)
		}},
		{"R9_classes_drive_masking", func(t *testing.T) {
			want := map[FieldType]Classification{TypeEmail: Identifying, TypePhone: Identifying, TypePrefecture: QuasiIdentifying, TypePostalCode: QuasiIdentifying}
			for _, s := range Services() {
				for _, f := range append(slices.Clone(s.Fields), s.Recorded...) {
					if w, ok := want[f.Type]; ok && f.Class != w {
						t.Errorf("%s.%s is %q, want %q", s.Code, f.Name, f.Class, w)
					}
					if f.Name == "name" && f.Class != Identifying {
						t.Errorf("%s.name is %q", s.Code, f.Class)
					}
					if _, ok := classWords[f.Class]; !ok {
						t.Errorf("%s.%s has no class of R9: %q", s.Code, f.Name, f.Class)
					}
				}
			}
		}},
		{"R10_no_form_asks_for_identification_codes", func(t *testing.T) {
			for _, s := range Services() {
				for _, f := range append(slices.Clone(s.Fields), s.Recorded...) {
					if AsksForIdentityNumber(f.Label.JA) || AsksForIdentityNumber(f.Label.EN) || AsksForIdentityNumber(f.Name) {
						t.Errorf("%s.%s asks for the number of an identity document", s.Code, f.Name)
					}
				}
			}
		}},
		{"R11_R13_access_records_hold_domain_address_time_and_page", func(t *testing.T) {
			same(t, []item{{"domain", TypeText, false, QuasiIdentifying}, {"ip", TypeText, false, QuasiIdentifying}, {"ts", TypeText, false, Neutral},
				{"path", TypeText, false, Neutral}, {"status", TypeText, false, Neutral}}, itemsOf(Get(Access).Recorded))
			same(t, nil, itemsOf(Get(Access).Fields))
		}},
		{"R12_ip_addresses_stand_in_no_other_record", func(t *testing.T) {
			for _, s := range Services() {
				if _, ok := s.Field("ip"); ok {
					t.Errorf("%s collects IP addresses in its form", s.Code)
				}
				if s.Code != Access && slices.ContainsFunc(s.Recorded, func(f Field) bool { return f.Name == "ip" }) {
					t.Errorf("%s records IP addresses", s.Code)
				}
			}
		}},
		{"R14_access_records_serve_statistics_only", func(t *testing.T) {
			s := Get(Access)
			same(t, 0, len(s.Exports)+len(s.Provisions)+len(mailsOf(Access)["site_operation"]))
			purposes(Access, "Reference for the smooth operation of the service provided by the Site")(t)
		}},
		{"R15_newsletter_form_is_japanese_only", japaneseOnly(Newsletter)},
		{"R16_newsletter_has_exactly_five_fields", fields(Newsletter, item{"email", TypeEmail, true, Identifying}, item{"name", TypeText, true, Identifying},
			item{"prefecture", TypePrefecture, true, QuasiIdentifying}, item{"organization", TypeText, true, QuasiIdentifying},
			item{"business_category", TypeChoice, true, QuasiIdentifying})},
		{"R17_prefecture_offers_overseas", func(t *testing.T) {
			for _, c := range []Code{Newsletter, Photos} {
				f, _ := Get(c).Field("prefecture")
				same(t, TypePrefecture, f.Type)
				if !strings.Contains(f.Support.JA, "海外") {
					t.Errorf("%s: the prefecture does not tell people abroad what to choose: %q", c, f.Support.JA)
				}
			}
		}},
		{"R18_categories_come_from_the_list_of_staff", func(t *testing.T) {
			f, _ := Get(Newsletter).Field("business_category")
			same(t, OptionList("business_categories"), f.Options)
		}},
		{"R19_only_newsletter_mail_reaches_the_newsletter_list", func(t *testing.T) {
			same(t, map[string][]MailKind{"newsletter_delivery": {"newsletter_confirm", "newsletter_welcome", "newsletter_already", "newsletter_preferences",
				"newsletter_address_confirm", "newsletter_address_changed", "newsletter_stay", "newsletter"}}, mailsOf(Newsletter))
			purposes(Newsletter, "Delivery of e-mail newsletters")(t)
		}},
		{"R20_press_form_is_japanese_only", japaneseOnly(Press)},
		{"R21_press_has_exactly_three_fields", fields(Press, item{"organization", TypeText, true, QuasiIdentifying},
			item{"name", TypeText, true, Identifying}, item{"email", TypeEmail, true, Identifying})},
		{"R22_R23_press_list_gets_releases_and_invitations_only", func(t *testing.T) {
			same(t, map[string][]MailKind{
				"press_release_delivery": {"press_confirm", "press_welcome", "press_already", "press_preferences", "press_address_confirm",
					"press_address_changed", "press_stay", "press_pending", "press_approved", "press_refused", "press_release"},
				"media_invitation": {"media_invitation"},
			}, mailsOf(Press))
			purposes(Press, "Delivery of press releases", "Delivery of media invitations")(t)
		}},
		{"R25_event_forms_are_japanese_and_english", bothLanguages(Events)},
		{"R26_event_has_the_standard_set_in_this_order", fields(Events, item{"name", TypeText, true, Identifying}, item{"email", TypeEmail, true, Identifying},
			item{"phone", TypePhone, true, Identifying}, item{"organization", TypeText, true, QuasiIdentifying}, item{"title", TypeText, true, QuasiIdentifying})},
		{"R27_R28_R29_event_mail_serves_three_purposes", func(t *testing.T) {
			same(t, map[string][]MailKind{
				"registration_notice":      {"event_registered", "event_already", "event_waiting", "event_offer", "event_changed", "event_withdrawn"},
				"event_information":        {"event_reminder", "event_moved", "event_cancelled", "event_information"},
				"post_event_questionnaire": {"questionnaire_invitation"},
			}, mailsOf(Events))
			purposes(Events, "Delivery of registration notice", "Information on the event you have registered for", "Post-event questionnaires")(t)
			same(t, true, Get(Events).EventBound)
			same(t, true, Get(Questionnaire).EventBound)
		}},
		{"R29_questionnaire_holds_answers_and_no_address", func(t *testing.T) {
			fields(Questionnaire, item{"answers", TypeQuestions, true, QuasiIdentifying})(t)
			same(t, map[string][]MailKind{"post_event_questionnaire": nil}, mailsOf(Questionnaire))
			bothLanguages(Questionnaire)(t)
		}},
		{"R30_R31_R53_R58_partners_take_part_in_events_only", func(t *testing.T) {
			type part struct {
				To     string
				Forms  []LegalForm
				Access bool
			}
			got := map[Code][]part{}
			for _, s := range Services() {
				for _, p := range s.Provisions {
					got[s.Code] = append(got[s.Code], part{p.To, p.Forms, p.Access})
				}
			}
			all := []LegalForm{"entrustment", "joint_use", "consented_provision"}
			same(t, map[Code][]part{
				Events:       {{"co_organiser", all, true}, {"contractor", all, true}},
				Publications: {{"carrier", []LegalForm{"entrustment"}, false}}, // listed, without access (decisions: "Partners outside events")
			}, got)
		}},
		{"R32_only_event_items_may_change", func(t *testing.T) {
			for _, s := range Services() {
				same(t, s.Code == Events, s.PartnerItems)
			}
			same(t, []string{"phone", "organization", "title"}, Get(Events).Omittable)
			same(t, []FieldType{"text", "textarea", "choice", "choices", "boolean", "number", "date", "country", "phone"}, ItemTypes())
			same(t, append(ItemTypes(), "rating", "matrix"), QuestionTypes())
		}},
		{"R33_the_notice_takes_the_partners_of_an_event", func(t *testing.T) {
			partner := NoticeItem{Term: "共催者", Body: []string{"タイ観光庁（タイ）：お名前"}}
			s := Get(Events)
			text := s.Notice(DefaultOrganization(), DefaultPeriods(s), Japanese, partner).Text()
			if !strings.Contains(text, "共催者\n  タイ観光庁（タイ）：お名前\n") || strings.Contains(text, words.nobody.JA) {
				t.Errorf("the notice does not show the co-organiser, or says that there is none:\n%s", text)
			}
		}},
		{"R34_photo_form_is_japanese_only", japaneseOnly(Photos)},
		{"R35_photos_has_exactly_four_fields", fields(Photos, item{"name", TypeText, true, Identifying}, item{"organization", TypeText, true, QuasiIdentifying},
			item{"prefecture", TypePrefecture, true, QuasiIdentifying}, item{"email", TypeEmail, true, Identifying})},
		{"R36_photo_users_get_the_access_mail_only", func(t *testing.T) {
			same(t, map[string][]MailKind{"photo_usage": {"photos_access"}}, mailsOf(Photos))
			purposes(Photos, "Reference to analyze status of utilization of the service")(t)
			same(t, 0, len(Get(Photos).Exports))
		}},
		{"R37_inquiry_has_two_identity_fields_and_the_message", fields(Inquiry, item{"name", TypeText, true, Identifying},
			item{"email", TypeEmail, true, Identifying}, item{"message", TypeTextArea, true, Identifying})},
		{"R38_R39_of_a_mail_sender_reply_address_time_and_id_are_recorded", func(t *testing.T) {
			var got []string
			for _, f := range Get(Inquiry).Recorded {
				got = append(got, f.Name)
			}
			same(t, []string{"from", "reply_to", "subject", "message", "attachments", "received_at", "message_id", "verdict"}, got)
		}},
		{"R40_inquiries_are_answered_and_nothing_else", func(t *testing.T) {
			same(t, map[string][]MailKind{"inquiry_response": {"inquiry_received", "inquiry_reply", "inquiry_staff_notice"}}, mailsOf(Inquiry))
			purposes(Inquiry, "Responding to inquiries")(t)
			same(t, 0, len(Get(Inquiry).Exports))
		}},
		{"R41_inquiry_form_is_japanese_and_english", bothLanguages(Inquiry)},
		{"R42_publication_form_is_japanese_only", japaneseOnly(Publications)},
		{"R43_publications_asks_for_name_address_telephone_mail_and_organisation", fields(Publications, item{"name", TypeText, true, Identifying},
			item{"postal_code", TypePostalCode, true, QuasiIdentifying}, item{"prefecture", TypePrefecture, true, QuasiIdentifying},
			item{"address", TypeText, true, Identifying}, item{"building", TypeText, false, Identifying}, item{"phone", TypePhone, true, Identifying},
			item{"email", TypeEmail, true, Identifying}, item{"organization", TypeText, true, QuasiIdentifying},
			item{"quantity", TypeQuantities, true, Neutral})},
		{"R44_publication_requests_are_attended_to_and_nothing_else", func(t *testing.T) {
			same(t, map[string][]MailKind{"publication_requests": {"publications_received"}}, mailsOf(Publications))
			purposes(Publications, "Attending to requests for materials and publications")(t)
		}},
		{"R54_a_partner_export_exists_for_events_only", func(t *testing.T) {
			for _, s := range Services() {
				for _, e := range s.Exports {
					same(t, e.Code == "event_partner", e.Partner)
				}
			}
		}},
		{"R45_R57_exports_hold_declared_items_and_name_their_roles", func(t *testing.T) {
			got := map[string][]string{}
			for _, s := range Services() {
				for _, e := range s.Exports {
					got[e.Code] = append([]string{}, e.Roles...)
					for _, name := range e.Fields {
						if _, ok := s.Field(name); !ok {
							t.Errorf("export %s holds %q, which %s does not collect", e.Code, name, s.Code)
						}
					}
				}
			}
			same(t, map[string][]string{"newsletter_subscribers": {"editor"}, "press_subscribers": {"press"}, "event_registrations": {"events"},
				"event_partner": {"events"}, "questionnaire_answers": {"events"}, "publication_labels": {"publications"}}, got)
		}},
		{"R62_R63_R64_statistics_name_no_person_and_no_organisation", func(t *testing.T) {
			same(t, 5, SmallestCell)
			for _, s := range Services() {
				for _, st := range s.Statistics {
					for _, by := range st.By {
						if f, ok := s.Field(by); by == "organization" || ok && f.Class == Identifying {
							t.Errorf("statistic %s counts by %s", st.Code, by)
						}
					}
				}
			}
		}},
		{"decision_japanese_only_forms_are_exactly_four", func(t *testing.T) {
			var got []string
			for _, s := range Services() {
				if s.Path != "" && !s.In(English) {
					got = append(got, string(s.Code))
				}
			}
			sort.Strings(got)
			same(t, []string{"newsletter", "photos", "press", "publications"}, got)
		}},
		{"decision_retention_is_what_was_decided", retentionIsDecided},
	} {
		t.Run(c.name, c.test)
	}
}
