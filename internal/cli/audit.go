package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/spf13/cobra"
)

// followEvery is how often --follow asks.
const followEvery = time.Second

// auditFlags choose events.
type auditFlags struct {
	user, event, resource string
	since                 time.Duration
	failed, follow        bool
	limit                 int
}

func (p *program) auditCommand() *cobra.Command {
	c, f := &connection{}, auditFlags{}
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Show who changed what",
		Long: `Shows the audit record, the latest call first: every call that could change
something, by whom, from where, on what, and what came of it, refused ones too.
It needs the permission cloudtrail:LookupEvents; the same events are in
aws cloudtrail lookup-events. How long they are kept, slipway server --audit-keep says.`,
		Example: `  slipway audit
  slipway audit --user anna --since 24h
  slipway audit --event CreateDeployment --resource prod --failed
  slipway audit --follow
  slipway audit --output json | jq '.[] | select(.sourceIPAddress != "127.0.0.1")'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.limit <= 0 {
				return usagef("--limit must be more than 0")
			}
			if f.since < 0 {
				return usagef("--since must not be negative")
			}
			return p.audit(cmd.Context(), c, f)
		},
	}
	c.add(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVar(&f.user, "user", "", "only calls of the user or role session of that `name`")
	flags.StringVar(&f.event, "event", "", "only calls of that `operation`, as CreateDeployment")
	flags.StringVar(&f.resource, "resource", "", "only calls that named that `resource`")
	flags.DurationVar(&f.since, "since", 0, "only calls of the last `duration`; 0 shows all")
	flags.BoolVar(&f.failed, "failed", false, "only calls that were refused or failed")
	flags.BoolVar(&f.follow, "follow", false, "go on with new calls as they are made, the latest last, until interrupted")
	flags.IntVar(&f.limit, "limit", 50, "how many at most")
	return cmd
}

// An audited call, as --output json prints it.
type audited struct {
	ID        string    `json:"eventId"`
	Time      time.Time `json:"eventTime"`
	Event     string    `json:"eventName"`
	Source    string    `json:"eventSource"`
	User      string    `json:"userName"`
	ARN       string    `json:"userArn"`
	From      string    `json:"sourceIPAddress"`
	Resources []string  `json:"resources,omitempty"`
	Error     string    `json:"errorCode,omitempty"`
	Message   string    `json:"errorMessage,omitempty"`
}

func (p *program) audit(ctx context.Context, c *connection, f auditFlags) error {
	clients, err := c.open(ctx)
	if err != nil {
		return err
	}
	var from time.Time
	if f.since > 0 {
		from = time.Now().Add(-f.since)
	}
	calls, err := f.lookup(ctx, clients.CloudTrail, from)
	if err != nil {
		return fmt.Errorf("read the audit record: %w", err)
	}
	if f.follow {
		return p.followAudit(ctx, c, f, clients.CloudTrail, calls)
	}
	if c.json() {
		return p.printJSON(calls)
	}
	return p.printAudit(calls)
}

// lookup returns the newest events that the flags choose. The service knows one attribute at
// a time; the others are looked at here.
func (f auditFlags) lookup(ctx context.Context, api *cloudtrail.Client, from time.Time) ([]audited, error) {
	in := &cloudtrail.LookupEventsInput{}
	if !from.IsZero() {
		in.StartTime = &from
	}
	for _, a := range []types.LookupAttribute{
		{AttributeKey: types.LookupAttributeKeyResourceName, AttributeValue: &f.resource},
		{AttributeKey: types.LookupAttributeKeyUsername, AttributeValue: &f.user},
		{AttributeKey: types.LookupAttributeKeyEventName, AttributeValue: &f.event},
	} {
		if *a.AttributeValue != "" {
			in.LookupAttributes = []types.LookupAttribute{a}
		}
	}
	calls := []audited{}
	for pages := cloudtrail.NewLookupEventsPaginator(api, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			if call := auditedOf(e); f.wants(call) {
				calls = append(calls, call)
			}
			if len(calls) == f.limit {
				return calls, nil
			}
		}
	}
	return calls, nil
}

func (f auditFlags) wants(a audited) bool {
	return (f.user == "" || a.User == f.user) && (f.event == "" || a.Event == f.event) &&
		(f.resource == "" || slices.Contains(a.Resources, f.resource)) && (!f.failed || a.Error != "")
}

func auditedOf(e types.Event) audited {
	a := audited{
		ID: aws.ToString(e.EventId), Time: aws.ToTime(e.EventTime), Event: aws.ToString(e.EventName),
		Source: aws.ToString(e.EventSource), User: aws.ToString(e.Username),
	}
	for _, r := range e.Resources {
		a.Resources = append(a.Resources, aws.ToString(r.ResourceName))
	}
	var document struct {
		UserIdentity struct {
			ARN string `json:"arn"`
		} `json:"userIdentity"`
		SourceIPAddress, ErrorCode, ErrorMessage string
	}
	// What cannot be read is left out: the rest of the event stands.
	_ = json.Unmarshal([]byte(aws.ToString(e.CloudTrailEvent)), &document)
	a.ARN, a.From = document.UserIdentity.ARN, document.SourceIPAddress
	a.Error, a.Message = document.ErrorCode, document.ErrorMessage
	return a
}

func (p *program) printAudit(calls []audited) error {
	if len(calls) == 0 {
		_, err := fmt.Fprintln(p.stdout, "No such calls. slipway audit without flags shows the latest of all.")
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TIME\tUSER\tFROM\tEVENT\tRESULT\tRESOURCES")
	for _, a := range calls {
		fmt.Fprintln(w, a.line())
	}
	return w.Flush()
}

// line is a call with tabs between its parts.
func (a audited) line() string {
	return strings.Join([]string{
		a.Time.Local().Format("2006-01-02 15:04:05"), cmp.Or(a.User, a.ARN), a.From, a.Event, cmp.Or(a.Error, "ok"),
		strings.Join(a.Resources, " "),
	}, "\t")
}

// followAudit prints the calls, oldest first, and then those that come, one per line.
func (p *program) followAudit(ctx context.Context, c *connection, f auditFlags, api *cloudtrail.Client, calls []audited) error {
	seen := map[string]bool{}
	last := time.Now()
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		for _, a := range slices.Backward(calls) {
			if seen[a.ID] {
				continue
			}
			seen[a.ID], last = true, a.Time
			if err := p.printCall(c, a); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		f.limit = 1000 // of a second
		next, err := f.lookup(ctx, api, last.Truncate(time.Second))
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the audit record: %w", err)
		}
		calls = next
	}
}

func (p *program) printCall(c *connection, a audited) error {
	line := a.line()
	if c.json() {
		text, err := json.Marshal(a)
		if err != nil {
			return err
		}
		line = string(text)
	}
	_, err := fmt.Fprintln(p.stdout, line)
	return err
}
