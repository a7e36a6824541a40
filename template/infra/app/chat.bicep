// Streams answers of the chat model.

import { containerWorkload } from '../core/host/container-app.bicep'

@export()
@description('The chat service, which the gateway calls.')
func chatWorkload(openAiEndpoint string, modelDeploymentName string, gatewayPrincipalId string) containerWorkload => {
  serviceName: 'chat-service'
  external: false
  environmentVariables: {
    ALLOWED_CALLERS: gatewayPrincipalId
    AZURE_OPENAI_DEPLOYMENT: modelDeploymentName
    AZURE_OPENAI_ENDPOINT: openAiEndpoint
  }
}
