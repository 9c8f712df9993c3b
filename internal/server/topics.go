package server

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/slipway/slipway/internal/notify"
	"github.com/slipway/slipway/internal/standin/sns"
)

// openTopics makes the embedded SNS, where it is the one in use.
func (s *Server) openTopics(ctx context.Context, services aws.Config) (err error) {
	if s.cfg.Cloud == CloudAWS {
		return nil
	}
	functions := awslambda.NewFromConfig(services)
	s.topics, err = sns.Open(ctx, sns.Config{
		Store: s.store, Region: s.cfg.Region, Account: s.cfg.Account, Endpoint: s.URL, Log: s.cfg.Log,
		Invoke: func(ctx context.Context, function string, event []byte) error {
			_, err := functions.Invoke(ctx, &awslambda.InvokeInput{
				FunctionName: &function, Payload: event, InvocationType: lambdatypes.InvocationTypeEvent,
			})
			return err
		},
	})
	if err != nil {
		return fmt.Errorf("open the topics: %w", err)
	}
	return nil
}

// notifierOver publishes what triggers tell.
func (s *Server) notifierOver(services aws.Config) *notify.Notifier {
	return notify.New(notify.Config{
		Outbox: s.store, Topics: awssns.NewFromConfig(services), Region: s.cfg.Region, Account: s.cfg.Account, Log: s.cfg.Log,
	})
}
