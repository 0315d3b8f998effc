package mail

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"madoguchi/shared/record"
)

// How an answer finds its record by the Message-ID of the mail that it answers.
//
// SES, not we, gives a mail its Message-ID, and the mailer hears of it only when the record has long been written. The mailer
// may not touch the tables of services, and services may not read the outbox: so neither tells the other. Instead the row keeps
// the record's reference, and the sparse index "thread" shows it by SES's message id, whichever of SES's answer and SES's
// events has brought that. The index holds references, keys and expiries of mails that can be answered, nothing of the person
// and no other mail; whoever takes in answers may query the index and nothing else of the outbox.
//
// A reference is found for as long as the row lives, SettledFor after the mail was sent. A mail that was sent twice because SES
// was silent is found by the message id that was heard of first.

// messageIDPattern is what SES calls a message: times, random parts, a counter. A little more is taken, should AWS change it.
var messageIDPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-z]+(-[0-9a-z]+){3,8}$`) })

// SESMessage returns SES's name of a mail that was sent from a region, by its Message-ID in angle brackets; false for a mail that
// was not. Other customers of SES send from there too, so that it need not be a mail of ours.
func SESMessage(messageID, region string) (id string, ok bool) {
	domain := region + ".amazonses.com"
	if region == "us-east-1" {
		domain = "email.amazonses.com"
	}
	id, host, found := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(messageID, "<"), ">"), "@")
	if !found || region == "" || !strings.EqualFold(host, domain) || len(id) > 100 || !messageIDPattern().MatchString(id) {
		return "", false
	}
	return id, true
}

// FindThread returns the reference of the record to which answers to a mail belong, by SES's name of the mail (SESMessage);
// false where there is no such mail, where nobody has heard yet what SES calls it, or where its row has gone. The error wraps
// record.ErrUnavailable.
func FindThread(ctx context.Context, client *dynamodb.Client, outboxTable, id string, now time.Time) (reference string, found bool, err error) {
	type entry struct {
		Thread string `dynamodbav:"thread"`
	}
	values, err := attributevalue.MarshalMap(map[string]any{":id": id})
	if err != nil {
		return "", false, fmt.Errorf("find thread: %w", err)
	}
	entries, _, err := record.Query[entry](ctx, client, &dynamodb.QueryInput{TableName: &outboxTable, IndexName: aws.String("thread"),
		KeyConditionExpression: aws.String("message_id = :id"), ExpressionAttributeValues: values}, now, nil)
	if err != nil {
		return "", false, fmt.Errorf("find thread: %w", err)
	}
	if len(entries) == 0 {
		return "", false, nil
	}
	return entries[0].Thread, true, nil
}
