package agent

// Where the configuration is when no --config says otherwise.
const (
	DefaultConfigFile  = `C:\ProgramData\Amazon\CodeDeploy\conf.yml`
	FallbackConfigFile = DefaultConfigFile
)

const (
	defaultRootDir        = `C:\ProgramData\Amazon\CodeDeploy`
	defaultOnPremisesFile = `C:\ProgramData\Amazon\CodeDeploy\conf.onpremises.yml`
)
