// Describes images and reads the text in them.

import { containerWorkload } from '../core/host/container-app.bicep'

@export()
@description('The vision service, which the gateway calls.')
func visionWorkload(visionEndpoint string, gatewayPrincipalId string) containerWorkload => {
  serviceName: 'vision-service'
  external: false
  environmentVariables: {
    ALLOWED_CALLERS: gatewayPrincipalId
    AZURE_VISION_ENDPOINT: visionEndpoint
  }
}
