package deployment

import (
	"fmt"
	"strings"
)

// fault is one copy of template.yaml with a fault.
type fault struct {
	name   string
	change []string
	add    string
	rule   string
	says   string
}

// broken are copies of template.yaml with one fault each: pairs of a text and what takes its place (first occurrence),
// resources added in front of the outputs, and the rule that must catch it.
var broken = []fault{
	{name: "function without a role", change: []string{"      Role: !GetAtt SiteRole.Arn\n", ""}, rule: "own role and logs", says: "SiteFunctionRole was made by SAM"},
	{name: "shared role", change: []string{"!GetAtt SiteRole.Arn", "!GetAtt NewsletterRole.Arn"}, rule: "own role and logs", says: "shares the role NewsletterRole"},
	{name: "shared logs", change: []string{"LogGroup: !Ref SiteLogs", "LogGroup: !Ref NewsletterLogs"}, rule: "own role and logs", says: "shares the log group NewsletterLogs"},
	{name: "logs made by Lambda", change: []string{"      LoggingConfig: { LogGroup: !Ref SiteLogs }\n", ""}, rule: "own role and logs", says: "SiteFunction has no log group"},
	{name: "writes to another's logs", change: []string{"Resource: !GetAtt SiteLogs.Arn", "Resource: !GetAtt MailerLogs.Arn"}, rule: "own role and logs", says: "SiteFunction may write to MailerLogs"},
	{name: "policy template of SAM", change: []string{"      Role: !GetAtt FeedbackRole.Arn\n", "      Policies: [AWSXRayDaemonWriteAccess]\n"},
		rule: "no managed policy", says: "AWSXRayDaemonWriteAccess"},
	{name: "schedule without a role", change: []string{"            RoleArn: !GetAtt ScheduleRole.Arn\n", ""}, rule: "own role and logs", says: "MailerFunctionSweepRole was made by SAM"},
	{name: "stream makes SAM attach a policy", change: []string{"      Role: !GetAtt MailerRole.Arn\n", ""}, rule: "no managed policy", says: "AWSLambdaDynamoDBExecutionRole"},
	{name: "star action", change: []string{"Action: [dynamodb:PutItem, dynamodb:DeleteItem]", "Action: dynamodb:*"}, rule: "least privilege", says: "dynamodb:* holds a star"},
	{name: "star resource", change: []string{"                Resource: !GetAtt OutboxTable.Arn", "                Resource: \"*\""}, rule: "least privilege", says: "dynamodb:PutItem on *"},
	{name: "not this action", change: []string{"Action: [dynamodb:PutItem, dynamodb:DeleteItem]", "NotAction: dynamodb:Scan"}, rule: "least privilege", says: "says what it does not allow"},
	{name: "role for another account", change: []string{"Principal: { Service: lambda.amazonaws.com }", "Principal: { AWS: 123456789012 }"}, rule: "least privilege", says: "others than AWS services"},
	{name: "argued star that is gone", change: []string{"Resource: \"*\" # the action knows no other", "Resource: !GetAtt OutboxTable.Arn"},
		rule: "least privilege", says: "not in the template"},
	{name: "mailer reads the list", change: []string{"              - Sid: OutboxDue\n", "              - Effect: Allow\n                Action: dynamodb:GetItem\n                Resource: !GetAtt NewsletterTable.Arn\n              - Sid: OutboxDue\n"},
		rule: "purpose limitation", says: "MailerRole may dynamodb:GetItem on NewsletterTable"},
	{name: "form reads the outbox", change: []string{"                Action: dynamodb:PutItem\n", "                Action: [dynamodb:PutItem, dynamodb:GetItem]\n"},
		rule: "purpose limitation", says: "NewsletterRole may dynamodb:GetItem on OutboxTable"},
	{name: "inbound reads the outbox by another index", change: []string{"${OutboxTable.Arn}/index/thread", "${OutboxTable.Arn}/index/person"},
		rule: "purpose limitation", says: "InboundRole may dynamodb:Query on OutboxTable"},
	{name: "inbound reads the outbox itself", change: []string{"Resource: !Sub \"${OutboxTable.Arn}/index/thread\"", "Resource: !GetAtt OutboxTable.Arn"},
		rule: "purpose limitation", says: "InboundRole lacks dynamodb:Query on OutboxTable/thread"},
	{name: "form cannot put mail", change: []string{"                Action: dynamodb:PutItem\n", "                Action: dynamodb:DescribeTable\n"},
		rule: "purpose limitation", says: "NewsletterRole lacks dynamodb:PutItem on OutboxTable"},
	{name: "function of no known purpose", change: []string{"  SiteFunction:\n", "  OtherFunction:\n"}, rule: "purpose limitation", says: "OtherFunction is not in the table"},
	{name: "delete from the ledger", change: []string{"Action: [dynamodb:PutItem, dynamodb:Query]\n                Resource: !GetAtt LedgerTable.Arn",
		"Action: [dynamodb:PutItem, dynamodb:Query, dynamodb:DeleteItem]\n                Resource: !GetAtt LedgerTable.Arn"},
		rule: "append-only ledger", says: "SigninRole may dynamodb:DeleteItem on LedgerTable"},
	{name: "staff sign themselves up", change: []string{"AllowAdminCreateUserOnly: true", "AllowAdminCreateUserOnly: false"}, rule: "staff accounts", says: "StaffUsers lets anybody sign up"},
	{name: "accounts that go with the stack", change: []string{"      DeletionProtection: ACTIVE\n", ""}, rule: "staff accounts", says: "StaffUsers is not protected"},
	{name: "no second factor", change: []string{"MfaConfiguration: !Ref StaffMfa", "MfaConfiguration: \"OFF\""}, rule: "staff accounts", says: "StaffUsers does not follow StaffMfa"},
	{name: "tokens in addresses", change: []string{"AllowedOAuthFlows: [code]", "AllowedOAuthFlows: [code, implicit]"}, rule: "staff accounts", says: "StaffPagesClient has the flow implicit"},
	{name: "password past the page", change: []string{"[ALLOW_REFRESH_TOKEN_AUTH] #", "[ALLOW_USER_PASSWORD_AUTH] #"}, rule: "staff accounts", says: "StaffPagesClient has the flow ALLOW_USER_PASSWORD_AUTH"},
	{name: "client without a secret", change: []string{"      GenerateSecret: true\n", ""}, rule: "staff accounts", says: "StaffPagesClient has no secret"},
	{name: "group of no role", change: []string{"GroupName: editor }", "GroupName: editors }"}, rule: "staff accounts", says: "groups"},
	{name: "scope of no role", change: []string{"ScopeName: editor,", "ScopeName: editors,"}, rule: "staff accounts", says: "scopes"},
	{name: "queue", add: "  Later:\n    Type: AWS::SQS::Queue\n", rule: "known types", says: "Later is an AWS::SQS::Queue"},
	{name: "address of a function", change: []string{"      CodeUri: functions/mailing/feedback\n", "      CodeUri: functions/mailing/feedback\n      FunctionUrlConfig: { AuthType: NONE }\n"},
		rule: "nothing public but the API", says: "FeedbackFunctionUrl is a public address"},
	{name: "second API", change: []string{"ApiId: !Ref Api, Path: /health, ", "Path: /health, "}, rule: "nothing public but the API", says: "2 APIs"},
	{name: "second address", change: []string{"      DisableExecuteApiEndpoint: !If [HasDomain, true, false]\n", ""}, rule: "nothing public but the API", says: "Api keeps its second address"},
	{name: "anybody may invoke", add: "  Open:\n    Type: AWS::Lambda::Permission\n    Properties: { Action: lambda:InvokeFunction, FunctionName: !Ref MailerFunction, Principal: \"*\" }\n",
		rule: "nothing public but the API", says: "Open lets \"*\" invoke"},
	{name: "bucket for everybody", add: publicBucket, rule: "nothing public but the API", says: "OpenPolicy Properties.PolicyDocument, statement 1 lets everybody in"},
	{name: "bucket without a block", add: publicBucket, rule: "buckets", says: "Open does not set BlockPublicPolicy"},
	{name: "bucket over HTTP", add: publicBucket, rule: "buckets", says: "Open takes plain HTTP"},
	{name: "bucket without an end", add: publicBucket, rule: "buckets", says: "Open keeps for ever"},
	{name: "bucket without versions", add: publicBucket, rule: "buckets", says: "Open keeps no versions"},
	{name: "bucket with versions for ever", add: "  Open: { Type: AWS::S3::Bucket, Properties: { VersioningConfiguration: { Status: Enabled } } }\n", rule: "buckets", says: "Open keeps old versions for ever"},
	{name: "failures that live on", change: []string{"  FailuresBucket:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n    Properties:\n",
		"  FailuresBucket:\n    Type: AWS::S3::Bucket\n    Properties:\n      VersioningConfiguration: { Status: Enabled }\n"}, rule: "buckets", says: "FailuresBucket keeps versions, and is on the list"},
	{name: "bucket without encryption", add: publicBucket, rule: "buckets", says: "Open does not say how it is encrypted"},
	{name: "mail that is not scanned", change: []string{"        ScanEnabled: true", "        ScanEnabled: false"}, rule: "mail that comes in", says: "InboundRule does not scan"},
	{name: "mail for everybody", change: []string{"        Recipients: [!Ref InboundAddress]", "        Recipients: []"}, rule: "mail that comes in", says: "InboundRule takes mail for any address"},
	{name: "mail written without a role", change: []string{"              IamRoleArn: !GetAtt ReceiptRole.Arn\n", ""}, rule: "mail that comes in", says: "InboundRule writes without a role of ours"},
	{name: "receipt for another account", change: []string{"              StringEquals: { aws:SourceAccount: !Ref AWS::AccountId }\n              ArnLike", "              ArnLike"},
		rule: "mail that comes in", says: "ReceiptRole is lent to SES for any account"},
	{name: "table without TTL", change: []string{"      TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }\n", ""}, rule: "tables", says: "NewsletterTable does not expire"},
	{name: "table with another TTL", change: []string{"AttributeName: expires_at", "AttributeName: expiry"}, rule: "tables", says: "NewsletterTable does not expire"},
	{name: "table without encryption", change: []string{"SSEEnabled: true", "SSEEnabled: false"}, rule: "encryption", says: "NewsletterTable is not encrypted"},
	{name: "table without recovery", change: []string{"PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false"}, rule: "tables", says: "NewsletterTable has no point-in-time recovery"},
	{name: "table without protection", change: []string{"DeletionProtectionEnabled: true", "DeletionProtectionEnabled: false"}, rule: "tables", says: "NewsletterTable is not protected"},
	{name: "table that goes with the stack", change: []string{"  NewsletterTable:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n", "  NewsletterTable:\n    Type: AWS::DynamoDB::Table\n"},
		rule: "tables", says: "NewsletterTable has no DeletionPolicy: Retain"},
	{name: "photos without versions", change: []string{"      VersioningConfiguration: { Status: Enabled }\n", ""}, rule: "buckets", says: "PhotosBucket keeps no versions"},
	{name: "photos whose versions stay", change: []string{"NoncurrentVersionExpiration: { NoncurrentDays: 30 }, ", ""}, rule: "buckets", says: "PhotosBucket keeps old versions for ever"},
	{name: "photos reads the list", change: []string{"              - Sid: CatalogueReadOnly\n", "              - Effect: Allow\n                Action: dynamodb:GetItem\n                Resource: !GetAtt NewsletterTable.Arn\n              - Sid: CatalogueReadOnly\n"},
		rule: "purpose limitation", says: "PhotosRole may dynamodb:GetItem on NewsletterTable"},
	{name: "table with copies for as long as can be", change: []string{", RecoveryPeriodInDays: !Ref RecoveryDays", ""}, rule: "tables", says: "NewsletterTable keeps its copies"},
	{name: "answers with a stream", change: []string{"  AnswersTable:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n    Properties:\n",
		"  AnswersTable:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n    Properties:\n      StreamSpecification: { StreamViewType: KEYS_ONLY }\n"},
		rule: "tables", says: "AnswersTable has a stream"},
	{name: "invitations with copies", change: []string{"  InvitationsTable:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n    Properties:\n",
		"  InvitationsTable:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n    Properties:\n      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }\n"},
		rule: "tables", says: "InvitationsTable has copies of earlier states"},
	{name: "answers with insights", change: []string{"  AnswersTable:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n    Properties:\n",
		"  AnswersTable:\n    Type: AWS::DynamoDB::Table\n    DeletionPolicy: Retain\n    UpdateReplacePolicy: Retain\n    Properties:\n      ContributorInsightsSpecification: { Enabled: true }\n"},
		rule: "tables", says: "AnswersTable has contributor insights"},
	{name: "questionnaire reads answers", change: []string{"                Action: [dynamodb:PutItem, dynamodb:UpdateItem]\n                Resource: !GetAtt AnswersTable.Arn",
		"                Action: [dynamodb:GetItem, dynamodb:PutItem, dynamodb:UpdateItem]\n                Resource: !GetAtt AnswersTable.Arn"},
		rule: "purpose limitation", says: "QuestionnairesRole may dynamodb:GetItem on AnswersTable"},
	{name: "table with another key", change: []string{", KMSMasterKeyId: !GetAtt DataKey.Arn", ""}, rule: "encryption", says: "NewsletterTable is not encrypted with DataKey"},
	{name: "secret with another key", change: []string{"      KmsKeyId: !GetAtt DataKey.Arn\n", ""}, rule: "encryption", says: "AddressKey is not encrypted with DataKey"},
	{name: "settings with another key", change: []string{"    KmsKeyArn: !GetAtt DataKey.Arn\n", ""}, rule: "encryption", says: "SiteFunction is not encrypted with DataKey"},
	{name: "key of another account", change: []string{"iam::${AWS::AccountId}:root", "iam::123456789012:root"}, rule: "encryption", says: "lets in Sub arn:${AWS::Partition}:iam::123456789012:root"},
	{name: "key that goes with the stack", change: []string{"  DataKey:\n    Type: AWS::KMS::Key\n    DeletionPolicy: Retain\n", "  DataKey:\n    Type: AWS::KMS::Key\n"}, rule: "encryption", says: "DataKey has no DeletionPolicy"},
	{name: "key used for anything", change: []string{"                Condition: { StringEquals: { kms:ViaService: !Sub \"dynamodb.${AWS::Region}.amazonaws.com\" } }\n", ""},
		rule: "encryption", says: "kms:Encrypt not only through the service"},
	{name: "logs for ever", change: []string{"      RetentionInDays: !Ref LogRetentionDays\n", ""}, rule: "retention of logs", says: "ApiLogs is not kept"},
	{name: "address key that goes with the stack", change: []string{"  AddressKey:\n    Type: AWS::SecretsManager::Secret\n    DeletionPolicy: Retain\n", "  AddressKey:\n    Type: AWS::SecretsManager::Secret\n"},
		rule: "secrets", says: "AddressKey has no DeletionPolicy: Retain"},
	{name: "short secret", change: []string{"PasswordLength: 64", "PasswordLength: 16"}, rule: "secrets", says: "AddressKey has fewer"},
	{name: "secret in the file", change: []string{"\"{{resolve:secretsmanager:${AddressKey}:SecretString:current}}\"", "\"0123456789abcdef0123456789abcdef\""},
		rule: "secrets", says: "ADDRESS_KEY does not come from Secrets Manager"},
	{name: "longer retention than the policy", change: []string{"    MaxValue: 720\n", "    MaxValue: 7200\n"}, rule: "retention limits", says: "UNCONFIRMED_HOURS: MaxValue"},
	{name: "parameter without help", change: []string{"    Description: Hours that a sign-up waits for its confirmation before it is deleted\n", ""}, rule: "parameters", says: "UnconfirmedHours has no help"},
	{name: "parameter without limits", change: []string{"    MaxValue: 60\n", ""}, rule: "parameters", says: "FormMinimumSeconds takes any value"},
	{name: "parameter of no use", change: []string{"Parameters:\n", "Parameters:\n  Spare: { Type: String, Default: a, AllowedValues: [a], Description: Nothing }\n"}, rule: "parameters", says: "Spare is used nowhere"},
	{name: "timeout without a reason", change: []string{"      Timeout: 60\n", "      Timeout: 900\n"}, rule: "function limits", says: "MailerFunction: Timeout is \"900\""},
	{name: "GET route", change: []string{"Path: /health, Method: ANY", "Path: /health, Method: GET"}, rule: "routes", says: "Api: get /health is not ANY"},
	{name: "stream without a filter", change: []string{"            FilterCriteria:\n              Filters:\n                - Pattern: '{\"eventName\":[\"INSERT\"]}'\n", ""}, rule: "streams", says: "has no filter"},
	{name: "stream without partial answers", change: []string{"            FunctionResponseTypes: [ReportBatchItemFailures]\n", ""}, rule: "streams", says: "knows no partial answers"},
	{name: "stream that does not bisect", change: []string{"            BisectBatchOnFunctionError: true\n", ""}, rule: "streams", says: "does not bisect"},
	{name: "stream that tries for ever", change: []string{"            MaximumRetryAttempts: 3\n", ""}, rule: "streams", says: "no limit of 0 to 10 tries"},
	{name: "stream of old records", change: []string{"            MaximumRecordAgeInSeconds: 3600\n", ""}, rule: "streams", says: "no age of at most a day"},
	{name: "stream that forgets its failures", change: []string{"            DestinationConfig: { OnFailure: { Destination: !GetAtt FailuresBucket.Arn } }\n", ""}, rule: "streams", says: "forgets what it gave up"},
	{name: "access log with addresses", change: []string{`"status":"$context.status"`, `"from":"$context.identity.sourceIp"`}, rule: "access log", says: "logs identity.sourceIp"},
	{name: "access log with paths", change: []string{`"status":"$context.status"`, `"path":"$context.path"`}, rule: "access log", says: "logs path"},
	{name: "no access log", change: []string{"DestinationArn: !GetAtt ApiLogs.Arn", "DestinationArn: !GetAtt SiteLogs.Arn"}, rule: "access log", says: "keeps no access log"},
	{name: "failures over HTTP", change: []string{"Condition: { Bool: { aws:SecureTransport: \"false\" } }", "Condition: { Bool: { aws:SecureTransport: \"true\" } }"}, rule: "buckets", says: "FailuresBucket takes plain HTTP"},
	{name: "failures for everybody", change: []string{"BlockPublicPolicy: true", "BlockPublicPolicy: false"}, rule: "buckets", says: "FailuresBucket does not set BlockPublicPolicy"},
	{name: "mail without DKIM", change: []string{"      DkimAttributes: { SigningEnabled: true }\n", ""}, rule: "mail identity", says: "SenderIdentity does not sign"},
	{name: "short DKIM key", change: []string{"RSA_2048_BIT", "RSA_1024_BIT"}, rule: "mail identity", says: "SenderIdentity signs with RSA_1024_BIT"},
	{name: "mail that is lost with its MX record", change: []string{"BehaviorOnMxFailure: USE_DEFAULT_VALUE", "BehaviorOnMxFailure: REJECT_MESSAGE"}, rule: "mail identity", says: "SenderIdentity refuses"},
	{name: "mail over an open line", change: []string{"TlsPolicy: REQUIRE", "TlsPolicy: OPTIONAL"}, rule: "mail identity", says: "mails without TLS"},
	{name: "opens that are tracked", change: []string{"      SendingOptions: { SendingEnabled: true }\n", "      SendingOptions: { SendingEnabled: true }\n      TrackingOptions: { CustomRedirectDomain: click.example.jp }\n"},
		rule: "mail identity", says: "tracks readers"},
	{name: "clicks that are reported", change: []string{"MatchingEventTypes: [SEND, REJECT,", "MatchingEventTypes: [SEND, CLICK, REJECT,"}, rule: "mail identity", says: "tracks readers"},
	{name: "configuration set that tells nothing", change: []string{"ConfigurationSetName: !Ref ListConfigurationSet", "ConfigurationSetName: !Ref TransactionalConfigurationSet"},
		rule: "mail identity", says: "ListConfigurationSet has no event destination"},
	{name: "form that forgets the edge", change: []string{"        ORIGIN_SECRETS: !Ref OriginSecrets\n", ""}, rule: "edge", says: "NewsletterFunction does not know the edge's secret"},
	{name: "secret of the edge that is shown", change: []string{"    NoEcho: true\n", ""}, rule: "edge", says: "OriginSecrets is shown"},
	{name: "function setting that refers to the API", change: []string{"          PUBLIC_URL: !Ref PublicUrl\n", "          PUBLIC_URL: !GetAtt Api.ApiEndpoint\n"},
		rule: "no cycle", says: "Api -> NewsletterFunction -> Api"},
	{name: "far too many resources", add: manyKeys(mostResources), rule: "size", says: "the most is 400"},
}

const publicBucket = `  Open:
    Type: AWS::S3::Bucket
  OpenPolicy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Open
      PolicyDocument: { Statement: [{ Effect: Allow, Principal: "*", Action: s3:GetObject, Resource: !Sub "${Open.Arn}/*" }] }
`

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  Key%d: { Type: AWS::KMS::Alias }\n", i)
	}
	return b.String()
}
