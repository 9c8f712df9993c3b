package ecs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

var namePattern = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,255}$`)

const defaultCluster = "default"

func (s *Service) arn(kind, id string) string {
	return fmt.Sprintf("arn:aws:ecs:%s:%s:%s/%s", s.cfg.Region, s.cfg.Account, kind, id)
}

func (s *Service) clusterARN(name string) string { return s.arn("cluster", name) }

// lastOf is what follows the kind in an ARN, or the text itself where it is none:
// "arn:aws:ecs:R:A:service/c/s" is "c/s".
func lastOf(kind, text string) string {
	if !strings.HasPrefix(text, "arn:") {
		return text
	}
	_, rest, _ := strings.Cut(text, ":"+kind+"/")
	return rest
}

// clusterName is the name of the cluster that a request means.
func clusterName(cluster *string) string {
	if aws.ToString(cluster) == "" {
		return defaultCluster
	}
	return lastOf("cluster", *cluster)
}

// serviceName takes the cluster off an ARN.
func serviceName(text string) string {
	name := lastOf("service", text)
	return name[strings.LastIndexByte(name, '/')+1:]
}

// taskID is the id in an ARN of a task.
func taskID(text string) string {
	id := lastOf("task", text)
	return id[strings.LastIndexByte(id, '/')+1:]
}

// setID is the id in an ARN of a task set.
func setID(text string) string {
	if i := strings.Index(text, "ecs-svc/"); i >= 0 {
		return text[i:]
	}
	return text
}

func serviceKey(cluster, name string) string { return cluster + "/" + name }

// inCluster is the scope of an operation on something of a cluster.
func (s *Service) inCluster(cluster *string, kind string, ids ...string) scope {
	name := clusterName(cluster)
	on := scope{cluster: s.clusterARN(name)}
	for _, id := range ids {
		on.resources = append(on.resources, s.arn(kind, name+"/"+id))
	}
	return on
}

// page cuts a list of distinct items: what follows the token, and the next token.
func page(list []string, token *string, size *int32, most int32) (cut []string, next *string, err error) {
	if size != nil {
		if *size < 1 || *size > most {
			return nil, nil, invalid("The maximum number of results is between 1 and %d.", most)
		}
		most = *size
	}
	from := 0
	if after := aws.ToString(token); after != "" {
		i := slices.Index(list, after)
		if i < 0 {
			return nil, nil, invalid("Invalid token %s", clipped(after))
		}
		from = i + 1
	}
	cut = append([]string{}, list[from:]...)
	if len(cut) > int(most) {
		cut = cut[:most]
		next = &cut[most-1]
	}
	return cut, next, nil
}

// clipped bounds what an error repeats of a request.
func clipped(text string) string {
	const most = 200
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
