package ecs

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A cluster is a name: all tasks run on the one engine.
type cluster struct {
	types.Cluster // its counts are made when it is described
}

// The statuses of clusters and services, and of a service that waits for its tasks to end.
const (
	active   = "ACTIVE"
	draining = "DRAINING"
	inactive = "INACTIVE"
)

func (s *Service) clusterOperations() awswire.Operations {
	one := func(name *string) scope { return scope{resources: []string{s.clusterARN(clusterName(name))}} }
	return awswire.Operations{
		"CreateCluster": writes(s, "CreateCluster", func(in *sdk.CreateClusterInput) scope { return one(in.ClusterName) }, s.createCluster),
		"UpdateCluster": writes(s, "UpdateCluster", func(in *sdk.UpdateClusterInput) scope { return one(in.Cluster) }, s.updateCluster),
		"DescribeClusters": reads("DescribeClusters", func(in *sdk.DescribeClustersInput) (on scope) {
			for _, name := range clustersMeant(in.Clusters) {
				on.resources = append(on.resources, s.clusterARN(name))
			}
			return on
		}, s.describeClusters),
		"ListClusters":  reads("ListClusters", nil, s.listClusters),
		"DeleteCluster": writes(s, "DeleteCluster", func(in *sdk.DeleteClusterInput) scope { return one(in.Cluster) }, s.deleteCluster),
	}
}

func clustersMeant(clusters []string) (names []string) {
	if len(clusters) == 0 {
		return []string{defaultCluster}
	}
	for _, c := range clusters {
		names = append(names, clusterName(&c))
	}
	return names
}

// cluster finds an active cluster; the one called default where none is named.
func (s *Service) cluster(name *string) (string, error) {
	at := clusterName(name)
	if c, ok := s.clusters.Get(at); ok && aws.ToString(c.Status) == active {
		return at, nil
	}
	return at, awswire.Errorf(clusterNotFound, "Cluster not found.")
}

func (s *Service) createCluster(ctx context.Context, in *sdk.CreateClusterInput) (*sdk.CreateClusterOutput, error) {
	name := clusterName(in.ClusterName)
	if !namePattern.MatchString(name) {
		return nil, invalid("Identifier was of invalid length or contained invalid characters. Expected a name of 1 to 255 letters, numbers, " +
			"underscores and hyphens.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	c, ok := s.clusters.Get(name)
	if !ok || aws.ToString(c.Status) != active {
		c = cluster{types.Cluster{
			ClusterName: &name, ClusterArn: aws.String(s.clusterARN(name)), Status: aws.String(active), Tags: in.Tags, Settings: in.Settings,
			Configuration: in.Configuration, CapacityProviders: in.CapacityProviders, DefaultCapacityProviderStrategy: in.DefaultCapacityProviderStrategy,
		}}
		if err := s.clusters.Put(ctx, name, c); err != nil {
			return nil, err
		}
	}
	return &sdk.CreateClusterOutput{Cluster: s.shownCluster(c)}, nil
}

func (s *Service) updateCluster(ctx context.Context, in *sdk.UpdateClusterInput) (*sdk.UpdateClusterOutput, error) {
	name, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	c, _ := s.clusters.Get(name)
	if in.Settings != nil {
		c.Settings = in.Settings
	}
	if in.Configuration != nil {
		c.Configuration = in.Configuration
	}
	return &sdk.UpdateClusterOutput{Cluster: s.shownCluster(c)}, s.clusters.Put(ctx, name, c)
}

// shownCluster is a cluster as it is described.
func (s *Service) shownCluster(c cluster) *types.Cluster {
	shown := c.Cluster
	shown.Statistics = []types.KeyValuePair{}
	shown.Tags = append([]types.Tag{}, shown.Tags...)
	shown.Settings = append([]types.ClusterSetting{}, shown.Settings...)
	shown.CapacityProviders = append([]string{}, shown.CapacityProviders...)
	shown.DefaultCapacityProviderStrategy = append([]types.CapacityProviderStrategyItem{}, shown.DefaultCapacityProviderStrategy...)
	for _, v := range s.services.All() {
		if aws.ToString(v.ClusterArn) == aws.ToString(c.ClusterArn) && aws.ToString(v.Status) == active {
			shown.ActiveServicesCount++
		}
	}
	for _, t := range s.tasks.All() {
		if aws.ToString(t.ClusterArn) != aws.ToString(c.ClusterArn) {
			continue
		}
		switch t.phase() {
		case pending:
			shown.PendingTasksCount++
		case running:
			shown.RunningTasksCount++
		}
	}
	return &shown
}

func (s *Service) describeClusters(_ context.Context, in *sdk.DescribeClustersInput) (*sdk.DescribeClustersOutput, error) {
	out := &sdk.DescribeClustersOutput{Clusters: []types.Cluster{}, Failures: []types.Failure{}}
	for _, name := range clustersMeant(in.Clusters) {
		c, ok := s.clusters.Get(name)
		if !ok {
			out.Failures = append(out.Failures, fail(s.clusterARN(name), "MISSING", ""))
			continue
		}
		out.Clusters = append(out.Clusters, *s.shownCluster(c))
	}
	return out, nil
}

func (s *Service) listClusters(_ context.Context, in *sdk.ListClustersInput) (*sdk.ListClustersOutput, error) {
	var arns []string
	for _, c := range s.clusters.All() {
		if aws.ToString(c.Status) == active {
			arns = append(arns, *c.ClusterArn)
		}
	}
	slices.Sort(arns)
	cut, next, err := page(arns, in.NextToken, in.MaxResults, 100)
	return &sdk.ListClustersOutput{ClusterArns: cut, NextToken: next}, err
}

func (s *Service) deleteCluster(ctx context.Context, in *sdk.DeleteClusterInput) (*sdk.DeleteClusterOutput, error) {
	name, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	c, _ := s.clusters.Get(name)
	for _, v := range s.services.All() {
		if aws.ToString(v.ClusterArn) == *c.ClusterArn && aws.ToString(v.Status) != inactive {
			return nil, awswire.Errorf(clusterHasServices, "The Cluster cannot be deleted while Services are active.")
		}
	}
	for _, t := range s.tasks.All() {
		if aws.ToString(t.ClusterArn) == *c.ClusterArn && t.phase() != stopped {
			return nil, awswire.Errorf(clusterHasTasks, "The Cluster cannot be deleted while Tasks are active.")
		}
	}
	c.Status = aws.String(inactive)
	return &sdk.DeleteClusterOutput{Cluster: s.shownCluster(c)}, s.clusters.Put(ctx, name, c)
}
