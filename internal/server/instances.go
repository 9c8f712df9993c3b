package server

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsautoscaling "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"

	hosts "github.com/slipway/slipway/internal/platform/server"
	"github.com/slipway/slipway/internal/standin/ec2"
	"github.com/slipway/slipway/internal/standin/ec2/machine"
)

// InstancesDir holds what is on the disks of embedded EC2 instances.
const InstancesDir = "instances"

// openInstances makes the embedded EC2, where it is the one in use.
func (s *Server) openInstances(ctx context.Context) error {
	if s.cfg.Cloud == CloudAWS {
		return nil
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the running program: %w", err)
	}
	s.instances, err = ec2.Open(ctx, ec2.Config{
		Store: s.store, Identity: s.identity, Region: s.cfg.Region, Account: s.cfg.Account, Pool: s.cfg.InstancePool, Limit: s.cfg.MaxEC2Instances,
		Machines: machine.New(machine.Config{
			Dir: s.path(InstancesDir), Program: program, AgentProgram: s.cfg.AgentProgram, World: s.worldOfInstances,
			Plain: s.cfg.PlainInstances, Log: s.cfg.Log,
		}),
		Log: s.cfg.Log,
	})
	if err != nil {
		return fmt.Errorf("open the instances: %w", err)
	}
	return nil
}

// worldOfInstances is what instances must know of this server.
func (s *Server) worldOfInstances() (w machine.World, err error) {
	w = machine.World{Endpoint: s.URL(), Region: s.cfg.Region, SignerCA: s.signer.CA()}
	if s.cfg.TLS.SelfSigned {
		w.ServerCA, err = os.ReadFile(s.path(TLSCAFile))
	}
	return w, err
}

// cloudOver is where deployments find EC2 instances and Auto Scaling groups.
func (s *Server) cloudOver(cfg aws.Config) *hosts.Cloud {
	return &hosts.Cloud{
		EC2: awsec2.NewFromConfig(cfg), AutoScaling: awsautoscaling.NewFromConfig(cfg), Region: s.cfg.Region, Account: s.cfg.Account,
		Every: s.lookEvery(),
	}
}
