package letter

import (
	"strings"
	"testing"

	"madoguchi/shared/policy"
)

// The receipt of an inquiry that came as a mail names what is recorded of a mail, not the fields of the form (R38); and
// who may be answered to is told as it is.
func TestAcknowledgementOfAMail(t *testing.T) {
	m := example(policy.InquiryReceived)
	form, err := New(organization()).Render(m)
	if err != nil {
		t.Fatal(err)
	}
	m.Data["channel"], m.ReplyTo = string(policy.ChannelMail), "inquiry+token@forms.example.jp"
	got, err := New(organization()).Render(m)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(form.Text, "お名前、メールアドレス、お問い合わせ内容") || strings.Contains(got.Text, "お名前、") || !strings.Contains(got.Text, "送信者のメールアドレス、") {
		t.Errorf("the receipts are not told apart:\n%s\n%s", form.Text, got.Text)
	}
	if strings.Contains(form.Text, "担当者に届きます") || !strings.Contains(got.Text, "このメールにご返信いただくと、担当者に届きます") {
		t.Errorf("the footer does not say where a reply goes:\n%s", got.Text)
	}
	if strings.Contains(got.Text+got.HTML, "inquiry+token") {
		t.Error("the letter shows the address of the thread")
	}
}

// The notice to staff holds no personal data, whatever it is given.
func TestStaffNoticeHoldsNothingPersonal(t *testing.T) {
	m := example(policy.InquiryStaffNotice)
	for key, value := range map[string]string{"name": "山田 花子", "email": "hanako@example.jp", "message": "本文です", "subject": "件名です"} {
		m.Data[key] = value
	}
	got, err := New(organization()).Render(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, personal := range []string{"花子", "hanako", "本文です", "件名です"} {
		if strings.Contains(got.Subject+got.Text+got.HTML, personal) {
			t.Errorf("the notice holds %q", personal)
		}
	}
}
