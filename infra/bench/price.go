package main

import "fmt"

// List prices of AWS in Tokyo in US dollars, as docs/operate.md has them: check them there.
const (
	priceMail    = 0.10 / 1000
	priceWrite   = 0.715 / 1e6
	priceRead    = 0.1425 / 1e6
	priceRequest = 0.20 / 1e6
	priceSecond  = 0.0000133334 // of 1 GB, arm64
	// priceEvent: what AWS's own services put onto the default bus, as SES does, costs nothing.
	eventSeconds = 0.015 // of the feedback function, 0.5 GB, as docs/operate.md assumes it
	senderRate   = 200.0 // recipients a second: how long the sender is there is the account's matter
)

// mailPrice is what a measured campaign used.
type mailPrice struct {
	recipients       float64
	sender, feedback capacity
	events           float64
	cpu              float64 // seconds of the sender
}

// a recipient's share of each.
func (p mailPrice) writes() float64 { return (p.sender.write + p.feedback.write) / p.recipients }
func (p mailPrice) reads() float64  { return (p.sender.read + p.feedback.read) / p.recipients }
func (p mailPrice) each() float64   { return p.events / p.recipients }

// million is what a million mails cost, in US dollars.
func (p mailPrice) million() float64 {
	return 1e6 * (priceMail + p.writes()*priceWrite + p.reads()*priceRead + p.each()*(priceRequest+eventSeconds*0.5*priceSecond) + priceSecond/senderRate)
}

func (p mailPrice) formula() string {
	return fmt.Sprintf("SES %.2f + %.2f writes x 0.715 = %.2f + %.2f reads x 0.1425 = %.2f + %.2f events x (0.20 + 0.015 s x 0.5 GB) = %.2f + sender 1 GB at %.0f a second %.2f",
		priceMail*1e6, p.writes(), p.writes()*priceWrite*1e6, p.reads(), p.reads()*priceRead*1e6, p.each(),
		p.each()*(priceRequest+eventSeconds*0.5*priceSecond)*1e6, senderRate, priceSecond/senderRate*1e6)
}
