package elb

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/standin/elb/plane"
)

func (s *Service) certificateOperations() awswire.Operations {
	return awswire.Operations{
		"AddListenerCertificates": writes(s, "AddListenerCertificates",
			func(in *elbv2.AddListenerCertificatesInput) []string { return []string{aws.ToString(in.ListenerArn)} }, s.addCertificates),
		"RemoveListenerCertificates": writes(s, "RemoveListenerCertificates",
			func(in *elbv2.RemoveListenerCertificatesInput) []string {
				return []string{aws.ToString(in.ListenerArn)}
			}, s.removeCertificates),
		"DescribeListenerCertificates": reads("DescribeListenerCertificates", nil, s.describeCertificates),
		"DescribeSSLPolicies":          reads("DescribeSSLPolicies", nil, s.describeSSLPolicies),
	}
}

func secure(p types.ProtocolEnum) bool {
	return p == types.ProtocolEnumHttps || p == types.ProtocolEnumTls
}

const defaultSSLPolicy = "ELBSecurityPolicy-2016-08"

// checkCertificates wants one of a listener that is encrypted, and none of another.
func (s *Service) checkCertificates(l *listener) error {
	switch {
	case !secure(l.Protocol) && len(l.Certificates) > 0:
		return awswire.Errorf("InvalidConfigurationRequest", "Certificates cannot be specified for listeners with the protocol '%s'", l.Protocol)
	case !secure(l.Protocol):
		return nil
	case len(l.Certificates) != 1:
		return awswire.Errorf("CertificateNotFound", "A certificate must be specified for %s listeners", l.Protocol)
	}
	l.SslPolicy = orElse(l.SslPolicy, defaultSSLPolicy)
	_, err := s.certificate(l.Certificates[0])
	return err
}

// certificate reads what an ARN of an IAM server certificate names.
func (s *Service) certificate(c types.Certificate) (plane.Certificate, error) {
	arn := aws.ToString(c.CertificateArn)
	name := arn[strings.LastIndex(arn, "/")+1:]
	if !strings.HasPrefix(arn, "arn:aws:iam::"+s.cfg.Account+":server-certificate/") {
		return plane.Certificate{}, awswire.Errorf("CertificateNotFound", "Certificate ARN '%s' is not valid; "+
			"it is that of a server certificate: arn:aws:iam::%s:server-certificate/NAME", arn, s.cfg.Account)
	}
	chain, key, ok, err := s.cfg.Certificate(name)
	if err != nil {
		return plane.Certificate{}, err
	}
	if !ok {
		return plane.Certificate{}, awswire.Errorf("CertificateNotFound", "Certificate '%s' not found", arn)
	}
	return plane.Certificate{ID: arn, Chain: chain, Key: key}, nil
}

func (s *Service) addCertificates(ctx context.Context, in *elbv2.AddListenerCertificatesInput) (*elbv2.AddListenerCertificatesOutput, error) {
	l, err := s.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	if !secure(l.Protocol) {
		return nil, awswire.Errorf("InvalidConfigurationRequest", "Certificates cannot be specified for listeners with the protocol '%s'", l.Protocol)
	}
	l.More = slices.Clone(l.More)
	for _, c := range in.Certificates {
		if _, err := s.certificate(c); err != nil {
			return nil, err
		}
		l.More = append(slices.DeleteFunc(l.More, sameCertificate(c)), types.Certificate{CertificateArn: c.CertificateArn})
	}
	return &elbv2.AddListenerCertificatesOutput{Certificates: l.More}, s.listeners.Put(ctx, l.arn(), l)
}

func sameCertificate(c types.Certificate) func(types.Certificate) bool {
	return func(other types.Certificate) bool {
		return aws.ToString(other.CertificateArn) == aws.ToString(c.CertificateArn)
	}
}

func (s *Service) removeCertificates(
	ctx context.Context, in *elbv2.RemoveListenerCertificatesInput,
) (*elbv2.RemoveListenerCertificatesOutput, error) {
	l, err := s.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	l.More = slices.Clone(l.More)
	for _, c := range in.Certificates {
		if slices.ContainsFunc(l.Certificates, sameCertificate(c)) {
			return nil, awswire.Errorf("OperationNotPermitted", "Default certificate '%s' cannot be removed", aws.ToString(c.CertificateArn))
		}
		l.More = slices.DeleteFunc(l.More, sameCertificate(c))
	}
	return nil, s.listeners.Put(ctx, l.arn(), l)
}

func (s *Service) describeCertificates(
	_ context.Context, in *elbv2.DescribeListenerCertificatesInput,
) (*elbv2.DescribeListenerCertificatesOutput, error) {
	l, err := s.listener(in.ListenerArn)
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeListenerCertificatesOutput{Certificates: []types.Certificate{}}
	for _, c := range l.Certificates {
		out.Certificates = append(out.Certificates, types.Certificate{CertificateArn: c.CertificateArn, IsDefault: aws.Bool(true)})
	}
	for _, c := range l.More {
		out.Certificates = append(out.Certificates, types.Certificate{CertificateArn: c.CertificateArn, IsDefault: aws.Bool(false)})
	}
	return out, nil
}

// describeSSLPolicies tells of the one that the data plane keeps to, whatever a listener names.
func (s *Service) describeSSLPolicies(context.Context, *elbv2.DescribeSSLPoliciesInput) (*elbv2.DescribeSSLPoliciesOutput, error) {
	return &elbv2.DescribeSSLPoliciesOutput{SslPolicies: []types.SslPolicy{{
		Name: aws.String(defaultSSLPolicy), SslProtocols: []string{"TLSv1.2", "TLSv1.3"}, Ciphers: []types.Cipher{},
	}}}, nil
}
