package server

import (
	"os"
	"path/filepath"

	"github.com/slipway/slipway/internal/installer"
	"github.com/slipway/slipway/internal/standin/s3"
)

// library is the bucket from which hosts install their agent.
func (s *Server) library() *s3.Library {
	return &s3.Library{
		Bucket: installer.Bucket(s.cfg.Region),
		Open: func(key, endpoint string) (s3.LibraryObject, error) {
			i := installer.Installer{Program: s.cfg.AgentProgram, SignerCA: s.signer.CA()}
			if s.cfg.TLS.SelfSigned {
				var err error
				if i.ServerCA, err = os.ReadFile(s.path(TLSCAFile)); err != nil {
					return nil, err
				}
			}
			return i.Open(key, endpoint)
		},
	}
}

// agentBesideProgram is where a release has its slipway-agent.
func agentBesideProgram() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(program), "slipway-agent"), nil
}
