package notify

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// A message is what a topic gets.
type message struct{ Subject, Text string }

// deploymentMessage is the text of a deployment's event, as CodeDeploy sends it. What is a
// string of JSON within the JSON there, is one here.
type deploymentMessage struct {
	Region              string  `json:"region"`
	AccountID           string  `json:"accountId"`
	TriggerName         string  `json:"eventTriggerName"`
	ApplicationName     string  `json:"applicationName"`
	DeploymentID        string  `json:"deploymentId"`
	GroupName           string  `json:"deploymentGroupName"`
	CreateTime          string  `json:"createTime"`
	CompleteTime        *string `json:"completeTime"`
	Overview            string  `json:"deploymentOverview,omitempty"`
	Status              string  `json:"status"`
	ErrorInformation    string  `json:"errorInformation,omitempty"`
	RollbackInformation string  `json:"rollbackInformation,omitempty"`
}

// instanceMessage is the text of an instance's event, as CodeDeploy documents it.
type instanceMessage struct {
	Region          string         `json:"region"`
	AccountID       string         `json:"accountId"`
	TriggerName     string         `json:"eventTriggerName"`
	DeploymentID    string         `json:"deploymentId"`
	InstanceID      string         `json:"instanceId"` // an ARN
	LastUpdatedAt   string         `json:"lastUpdatedAt"`
	InstanceStatus  string         `json:"instanceStatus"`
	LifecycleEvents []eventMessage `json:"lifecycleEvents"`
}

type eventMessage struct {
	Event     string `json:"LifecycleEvent"`
	Status    string `json:"LifecycleEventStatus"`
	StartTime string `json:"StartTime,omitempty"`
	EndTime   string `json:"EndTime,omitempty"`
}

// javaTime is how the message of a deployment writes times.
const javaTime = "Mon Jan 02 15:04:05 UTC 2006"

// statusNames are the statuses as messages spell them.
var statusNames = map[deploy.Status]string{
	deploy.Created: "CREATED", deploy.Queued: "QUEUED", deploy.InProgress: "IN_PROGRESS", deploy.Baking: "BAKING", deploy.Ready: "READY",
	deploy.Succeeded: "SUCCEEDED", deploy.Failed: "FAILED", deploy.Stopped: "STOPPED",
}

// messageOf puts a notice into CodeDeploy's words.
func (n *Notifier) messageOf(notice deploy.Notice) (message, error) {
	status, text := statusNames[notice.Status], any(nil)
	if i := notice.Instance; i != nil {
		status, text = strings.ToUpper(string(i.Status)), n.instanceText(notice)
		if i.Status == deploy.TargetInProgress {
			status = "IN_PROGRESS"
		}
	} else {
		text = n.deploymentText(notice)
	}
	body, err := json.Marshal(text)
	return message{
		Subject: subject(fmt.Sprintf("%s: AWS CodeDeploy %s in %s to %s", status, notice.DeploymentID, n.cfg.Region, notice.Application)),
		Text:    string(body),
	}, err
}

func (n *Notifier) deploymentText(notice deploy.Notice) deploymentMessage {
	m := deploymentMessage{
		Region: n.cfg.Region, AccountID: n.cfg.Account, TriggerName: notice.Trigger, ApplicationName: notice.Application,
		DeploymentID: notice.DeploymentID, GroupName: notice.Group, CreateTime: notice.CreatedAt.UTC().Format(javaTime),
		Status: statusNames[notice.Status], RollbackInformation: rollbackText(notice),
	}
	if !notice.CompletedAt.IsZero() {
		at := notice.CompletedAt.UTC().Format(javaTime)
		m.CompleteTime = &at
	}
	if o := notice.Overview; o != nil {
		m.Overview = inner(struct{ Succeeded, Failed, Skipped, InProgress, Pending int }{
			o[deploy.TargetSucceeded], o[deploy.TargetFailed] + o[deploy.TargetUnknown], o[deploy.TargetSkipped],
			o[deploy.TargetInProgress] + o[deploy.TargetReady], o[deploy.TargetPending],
		})
	}
	if f := notice.Failure; f != nil {
		m.ErrorInformation = inner(struct{ ErrorCode, ErrorMessage string }{string(f.Code), f.Message})
	}
	return m
}

// rollbackText says what the deployment has to do with a rollback; of one that failed it is
// never left out.
func rollbackText(notice deploy.Notice) string {
	info := notice.RollbackInfo
	if info == nil && notice.Status != deploy.Failed && notice.Status != deploy.Stopped {
		return ""
	}
	if info == nil {
		info = &deploy.RollbackInfo{}
	}
	return inner(struct {
		Message      string `json:"RollbackMessage,omitempty"`
		TriggeringID string `json:"RollbackTriggeringDeploymentId,omitempty"`
		ID           string `json:"RollbackDeploymentId,omitempty"`
	}{info.Message, info.TriggeringID, info.RollbackID})
}

// inner is JSON that becomes a string within JSON. It cannot fail: there are strings and numbers.
func inner(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

func (n *Notifier) instanceText(notice deploy.Notice) instanceMessage {
	i := notice.Instance
	m := instanceMessage{
		Region: n.cfg.Region, AccountID: n.cfg.Account, TriggerName: notice.Trigger, DeploymentID: notice.DeploymentID,
		InstanceID: i.ARN, LastUpdatedAt: epoch(i.UpdatedAt), InstanceStatus: string(i.Status), LifecycleEvents: []eventMessage{},
	}
	for _, e := range i.Events {
		m.LifecycleEvents = append(m.LifecycleEvents, eventMessage{string(e.Name), string(e.Status), epoch(e.StartedAt), epoch(e.EndedAt)})
	}
	return m
}

// epoch writes a time in seconds, with milliseconds; "" for none.
func epoch(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

// subject makes a subject that SNS takes: at most 100 characters of ASCII.
func subject(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	return text[:min(len(text), 100)]
}
