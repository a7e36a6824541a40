// Describes images and reads the text in them.

import { hosting } from '../core/host/container-app.bicep'
import { identity as workloadIdentity } from '../core/security/types.bicep'

@description('Name of the container app.')
param name string

@description('What all container apps of the region share.')
param host hosting

@description('Identity of the service.')
param identity workloadIdentity

@description('Whether the app exists.')
param exists bool

@description('Address of the Azure AI Vision account.')
param visionEndpoint string

module app '../core/host/container-app.bicep' = {
  params: {
    name: name
    serviceName: 'vision-service'
    host: host
    identity: identity
    exists: exists
    external: false
    environmentVariables: {
      ALLOWED_CALLERS: host.gatewayPrincipalId
      AZURE_VISION_ENDPOINT: visionEndpoint
    }
  }
}

@description('Name of the container app.')
output name string = app.outputs.name

@description('Address of the service within the environment.')
output uri string = app.outputs.uri
