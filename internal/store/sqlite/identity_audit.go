package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/slipway/slipway/internal/audit"
)

var _ audit.Store = (*Store)(nil)

// AppendAudit keeps an event and drops what is too old or too much.
func (s *Store) AppendAudit(ctx context.Context, e audit.Event, before time.Time, keep int) error {
	text, err := encode(e)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *transaction) error {
		if _, err := tx.ExecContext(ctx, `insert into audit_events (at, body) values ($1, $2)`, e.At.UnixNano(), text); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			delete from audit_events
			where at < $1 or seq <= (select max(seq) from audit_events) - $2`,
			before.UnixNano(), keep)
		return err
	})
}

// auditAttributes holds, by attribute, the condition that an event has the value $3.
var auditAttributes = map[string]string{
	"":             "$3 = ''",
	"EventId":      "body ->> '$.ID' = $3",
	"EventName":    "body ->> '$.Name' = $3",
	"EventSource":  "body ->> '$.Source' = $3",
	"Username":     "body ->> '$.By.Name' = $3",
	"AccessKeyId":  "body ->> '$.By.AccessKeyID' = $3",
	"ResourceType": "exists (select 1 from json_each(body, '$.Resources') r where r.value ->> '$.Type' = $3)",
	"ResourceName": "exists (select 1 from json_each(body, '$.Resources') r where r.value ->> '$.Name' = $3)",
}

// AuditEvents returns events, the newest first.
func (s *Store) AuditEvents(ctx context.Context, q audit.Query) ([]audit.Kept, error) {
	condition, ok := auditAttributes[q.Attribute]
	if !ok {
		return nil, fmt.Errorf("events have no attribute %q", q.Attribute)
	}
	from, to, before := int64(0), int64(math.MaxInt64), int64(math.MaxInt64)
	if !q.From.IsZero() {
		from = q.From.UnixNano()
	}
	if !q.To.IsZero() {
		to = q.To.UnixNano()
	}
	if q.Before > 0 {
		before = q.Before
	}
	rows, err := s.reader.QueryContext(ctx, `
		select seq, body
		from audit_events
		where at between $1 and $2 and seq < $4 and `+condition+`
		order by seq desc
		limit $5`,
		from, to, q.Value, before, limit(q.Limit))
	return all(rows, err, func(rows *sql.Rows) (audit.Kept, error) {
		var k audit.Kept
		var text []byte
		if err := rows.Scan(&k.Position, &text); err != nil {
			return k, err
		}
		return k, decode(text, &k.Event)
	})
}
